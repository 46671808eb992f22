// The models that golden files were computed with: sizes by metadata, weights by formula.
import { z } from 'zod';
import { type ModelKind, openCheckpoint } from '../checkpoints/index.js';
import { generatorFamilies, type ScaleTransformer } from '../models/index.js';
import { type Tokenizer, tokenizerFamilies } from '../tokenizers/index.js';
import { Generator, noGrad, scope } from '../torch/index.js';
import type { GoldenFile } from './goldenFile.js';
import { hashWeights } from './hash.js';

/** A tokenizer and a generator with hash weights. */
export interface HashModels {
  tokenizer: Tokenizer;
  generator: ScaleTransformer;
}

const size = z.int().positive();

/** The small models' configuration as golden files spell it; what a file does not give is as published. */
const smallConfig = z.object({
  ch: size,
  ch_mult: z.array(size).min(1).optional(),
  z_channels: size.optional(),
  V: size,
  Cvae: size,
  classes: size,
  depth: size,
  width: size,
  heads: size,
  shared_aln: z.boolean().optional(),
  attn_l2_norm: z.literal(true).optional(),
});

const given = (sizes: object) => Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));

/** Sizes that a file's metadata gives, as the families' configurations spell them. */
function sizesOf(file: GoldenFile): { tokenizer: object; generator: object } {
  if (file.kind.endsWith('_full')) return { tokenizer: {}, generator: { depth: file.integer('depth') } };
  const { ch, ch_mult, z_channels, V, Cvae, classes, depth, width, heads, shared_aln } = file.json('config', (value) =>
    smallConfig.parse(value),
  );
  const shared = { vocabularySize: V, codeWidth: Cvae };
  return {
    tokenizer: given({ channels: ch, multipliers: ch_mult, zChannels: z_channels, ...shared }),
    generator: given({ depth, width, heads, classes, sharedAdaLn: shared_aln || undefined, ...shared }),
  };
}

/** The file's models, their weights not yet filled. */
export function goldenModels(file: GoldenFile): HashModels {
  const { family } = file;
  const sizes = sizesOf(file);
  const tokenizers = tokenizerFamilies[family];
  const generators = generatorFamilies[family];
  const scales = generators.sizesFor(file.scales('patch_nums') as number[]);
  const tokenizer = tokenizers.make(tokenizers.config.parse(sizes.tokenizer));
  return {
    tokenizer,
    generator: generators.make(generators.config.parse({ ...sizes.generator, ...scales, pathDrop: 0 })),
  };
}

/** Fills a model by the formula, or from the checkpoint that holds what the formula gives. */
function fill(kind: ModelKind, model: Tokenizer | ScaleTransformer, { weights, seed }: GoldenFile): void {
  if (weights === undefined) {
    hashWeights(model, seed);
    return;
  }
  using checkpoint = openCheckpoint(weights, { kind });
  const { buffers } = (kind === 'tokenizer' ? tokenizerFamilies : generatorFamilies)[model.family];
  model.loadStateDict(checkpoint.weights(), weights, buffers);
}

/** Runs `body` with the file's models, in evaluation, then frees them. */
export function withHashModels<T>(file: GoldenFile, body: (models: HashModels) => T): T {
  const { tokenizer, generator } = goldenModels(file);
  try {
    noGrad(() => {
      using random = new Generator(0);
      generator.positionTerm.initialise(random, 1); // what is not hashed, FlexVAR's map, keeps this
    });
    fill('tokenizer', tokenizer, file);
    fill('generator', generator, file);
    return scope(() => body({ tokenizer: tokenizer.eval(), generator: generator.eval() }));
  } finally {
    tokenizer.dispose();
    generator.dispose();
  }
}
