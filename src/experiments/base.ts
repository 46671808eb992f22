// The generator that all arms of an experiment go on from: the user's, a published one, the repository's, or one that is trained first.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSet, ImageSource } from '../data/index.js';
import {
  classifierDefaults,
  generatorPresets,
  generatorSettings,
  loaderFor,
  newGenerator,
  saveClassifier,
  targetsFor,
  tokenizerPresets,
  tokenizerSettings,
  trainClassifier,
  trainGenerator,
  trainTokenizer,
} from '../recipes/index.js';
import { alone, type LoopEnd } from '../train/index.js';
import { readRun } from '../train/runs.js';
import { resolveSettings } from '../util/settings.js';
import { committedFile, type Ground, type GroundRecipe } from './grounds.js';

/** Where and how an experiment computes. */
export interface Workplace {
  /** The folder of all experiments: trainings, figures, reports. */
  out: string;
  device: string;
  threads: number;
  say: (line: string) => void;
}

/** The folder of what is trained for a ground. */
const placeOf = (ground: Ground, out: string) => join(out, 'models', ground.name);

/** Path of a ground's generator, where nothing needs to be trained: a published one, the repository's, or one that is trained already. */
export function generatorAtHand(ground: Ground, out: string): string | undefined {
  const trained = join(placeOf(ground, out), 'generator');
  return (
    ground.published ?? committedFile(ground.name, 'generator.safetensors') ?? (isDone(trained) ? trained : undefined)
  );
}

/** The images that a generator is trained on, and those that judge it. */
export interface Images {
  train: ImageSet | ImageSource;
  /** Held-out images, of data sets that are small enough to be in memory. */
  heldOut?: ImageSet;
}

/** The settings of the perceptual loss, with a classifier that is trained where it is missing. */
function perceptualSettings(
  { perceptual }: GroundRecipe,
  place: string,
  { train, heldOut }: Images,
  { device, say }: Workplace,
): string[] {
  if (perceptual === 0) return [];
  const path = join(place, 'perceptual.safetensors');
  if (!existsSync(path)) {
    if (!heldOut || !('pixels' in train)) throw new Error(`internal: the images of ${place} are not in memory`);
    say(`training the classifier of the perceptual loss (${path})`);
    const classifier = trainClassifier(train, { ...classifierDefaults, seed: 1, device });
    saveClassifier(path, classifier, train.name, heldOut);
    classifier.dispose();
  }
  return [`loss.perceptual=${perceptual}`, `loss.classifier=${path}`];
}

/** Whether a run folder holds a training that is complete. */
function isDone(run: string): boolean {
  return existsSync(join(run, 'config.json')) && readRun(run).state === 'done';
}

/** Trains tokenizer and generator of a recipe, or goes on with them; answers the generator's run folder. */
async function trainBase(
  recipe: GroundRecipe,
  place: string,
  data: string,
  images: Images,
  workplace: Workplace,
): Promise<{ generator: string; end: LoopEnd }> {
  const { train } = images;
  const { device, threads, say } = workplace;
  const shared = { data, seed: recipe.seed ?? 0, device, threads };
  const places = { tokenizer: join(place, 'tokenizer'), generator: join(place, 'generator') };
  const forTokenizer = resolveSettings('experiment', tokenizerSettings, tokenizerPresets, {
    preset: recipe.tokenizer,
    set: [...recipe.tokenizerSet, ...perceptualSettings(recipe, place, images, workplace)],
    direct: shared,
  });
  const here = { world: alone, say };
  const { tokenizer, end } = await trainTokenizer(forTokenizer, loaderFor(forTokenizer, train), places.tokenizer, here);
  tokenizer.dispose();
  if (end !== 'done') return { generator: places.generator, end };
  const forGenerator = resolveSettings('experiment', generatorSettings, generatorPresets, {
    preset: recipe.generator,
    set: recipe.generatorSet,
    direct: { ...shared, tokenizer: places.tokenizer },
  });
  const fresh = newGenerator(forGenerator, train.classes);
  const targets = await targetsFor(forGenerator, fresh.tokenizer, train);
  const generatorEnd = await trainGenerator('train', forGenerator, fresh, targets, places.generator, here);
  await targets.close();
  return { generator: places.generator, end: generatorEnd };
}

/** The generator of a ground, trained where there is none. */
export async function baseGenerator(
  ground: Ground,
  data: string,
  images: Images,
  workplace: Workplace,
): Promise<{ generator: string; end: LoopEnd }> {
  const found = generatorAtHand(ground, workplace.out);
  if (found !== undefined) return { generator: found, end: 'done' };
  if (!ground.recipe) throw new Error(`internal: the ground ${ground.name} has neither a generator nor a recipe`);
  const place = placeOf(ground, workplace.out);
  workplace.say(`${ground.title}: training its tokenizer and generator first (${place})`);
  return trainBase(ground.recipe, place, data, images, workplace);
}
