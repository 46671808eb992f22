// What experiments stand on: a data set, a pretrained generator of one family, and how it is refined and measured. One row a preset.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { generatorPresets, refinePresets, tokenizerPresets } from '../recipes/index.js';

/** How a generator comes about where none is at hand: presets of its tokenizer and of itself, with further settings. */
export interface GroundRecipe {
  tokenizer: keyof typeof tokenizerPresets;
  tokenizerSet: readonly string[];
  /** Weight of the tokenizer's perceptual loss, whose classifier is trained first, with another seed than the one that measures; 0 for none. */
  perceptual: number;
  generator: keyof typeof generatorPresets;
  generatorSet: readonly string[];
  /** The seed of both; 0 unless it says so. */
  seed?: number;
}

/** The ground of an experiment. */
export interface Ground {
  name: string;
  /** For tables, e.g. `FlexVAR, CIFAR-10`. */
  title: string;
  /** A packaged data set; undefined where the user says which images. */
  data: string | undefined;
  /** The generator to refine: a published name; undefined where the project's own is used, or made by the recipe. */
  published: string | undefined;
  recipe: GroundRecipe | undefined;
  /** Settings of every arm. */
  refine: keyof typeof refinePresets;
  /** How its models are measured unless the user says otherwise. */
  measure: { network: 'classifier' | 'inception'; cfgs: readonly number[]; topK: number; topP: number; count: number };
}

const small = { network: 'classifier' as const, topK: 0, topP: 0, count: 2000 };
/** About each small model's best guidance. */
const smallGuidance = { 'fashion-mnist': [0, 0.5, 1, 1.5], cifar10: [1, 1.5, 2] };

function packaged(data: 'fashion-mnist' | 'cifar10', family: 'flexvar' | 'var'): Ground {
  const suffix = family === 'var' ? '-var' : '';
  const title = `${family === 'var' ? 'VAR' : 'FlexVAR'}, ${data === 'cifar10' ? 'CIFAR-10' : 'Fashion-MNIST'}`;
  const tokenizer = data === 'cifar10' ? 'cifar10-small' : data;
  return {
    name: `${data}${suffix}`,
    title,
    data,
    published: undefined,
    recipe: {
      tokenizer: `${tokenizer}${suffix}` as keyof typeof tokenizerPresets,
      tokenizerSet: data === 'cifar10' ? ['model.vocabularySize=1024'] : [],
      perceptual: data === 'cifar10' ? 1 : 0, // without it, reconstructions are as far from real images as samples are
      generator: `${data}-experiment${suffix}` as keyof typeof generatorPresets,
      generatorSet: [],
    },
    refine: `${data}-experiment`,
    measure: { ...small, cfgs: smallGuidance[data] },
  };
}

/** The same ground on a tokenizer whose pyramid is made in image space. */
export function inImageSpace(ground: Ground): Ground {
  const recipe = ground.recipe && {
    ...ground.recipe,
    tokenizerSet: [...ground.recipe.tokenizerSet, 'model.pyramid=image'],
  };
  return {
    ...ground,
    name: `${ground.name}-image-space`,
    title: `${ground.title}, pyramid of images`,
    published: undefined,
    recipe,
  };
}

/** The same ground on a tokenizer and a generator that are trained with a seed of one's own. */
export function withBaseSeed(ground: Ground, seed: number): Ground {
  return {
    ...ground,
    name: `${ground.name}-base-${seed}`,
    title: `${ground.title}, generator of seed ${seed}`,
    published: undefined,
    recipe: ground.recipe && { ...ground.recipe, seed },
  };
}

const imageNet = (family: 'flexvar' | 'var'): Ground => ({
  name: family === 'var' ? 'imagenet-var' : 'imagenet',
  title: family === 'var' ? 'VAR-d16, ImageNet 256' : 'FlexVAR-d16, ImageNet 256',
  data: undefined,
  published: `${family}-d16`,
  recipe: undefined,
  refine: family === 'var' ? 'sar-var-d16' : 'sar-d16',
  measure: {
    network: 'inception',
    cfgs: [1.5, 2, 2.2, 2.5, 3],
    topK: 900,
    topP: family === 'var' ? 0.96 : 0.95,
    count: 50_000,
  },
});

/** Grounds by name: those that run on two cores, and ImageNet's. */
export const grounds: Readonly<Record<string, Ground>> = Object.fromEntries(
  [
    packaged('fashion-mnist', 'flexvar'),
    packaged('cifar10', 'flexvar'),
    packaged('fashion-mnist', 'var'),
    packaged('cifar10', 'var'),
    imageNet('flexvar'),
    imageNet('var'),
  ].map((ground) => [ground.name, ground]),
);

/** The ground of the same data with the other family; undefined where there is none. */
export function otherFamily({ name }: Ground): Ground | undefined {
  return grounds[name.endsWith('-var') ? name.slice(0, -'-var'.length) : `${name}-var`];
}

const committed = fileURLToPath(new URL('../../experiments/models/', import.meta.url));

/** A file that comes with the repository for a ground, where it is there. */
export function committedFile(ground: string, file: string): string | undefined {
  const path = join(committed, ground, file);
  return existsSync(path) ? path : undefined;
}
