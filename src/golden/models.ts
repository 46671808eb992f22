// The FlexVAR models that golden files were computed with: sizes by metadata, weights by formula.
import { z } from 'zod';
import { FlexVar, type FlexVarConfig, flexVarConfig, sineCosineMap } from '../models/index.js';
import { FlexVarTokenizer, type FlexVarTokenizerConfig, flexVarTokenizerConfig } from '../tokenizers/index.js';
import { noGrad, scope } from '../torch/index.js';
import type { GoldenFile } from './goldenFile.js';
import { hashWeights } from './hash.js';

/** A tokenizer and a generator with hash weights. */
export interface HashModels {
  tokenizer: FlexVarTokenizer;
  generator: FlexVar;
}

const size = z.int().positive();

/** The small models' configuration as golden files spell it; what a file does not give is as published. */
const smallConfig = z.object({
  ch: size,
  ch_mult: z.array(size).min(1).default([1, 1, 2, 2, 4]),
  z_channels: size,
  V: size,
  Cvae: size,
  classes: size,
  depth: size,
  width: size,
  heads: size,
});

/** Sizes that a file's metadata gives. */
export function goldenSizes(file: GoldenFile): { tokenizer: FlexVarTokenizerConfig; generator: FlexVarConfig } {
  if (file.kind === 'flexvar_full') {
    const generator = flexVarConfig.parse({ depth: file.integer('depth'), pathDrop: 0 });
    return { tokenizer: flexVarTokenizerConfig.parse({}), generator };
  }
  const { ch, ch_mult, z_channels, V, Cvae, classes, depth, width, heads } = file.json('config', (value) =>
    smallConfig.parse(value),
  );
  const shared = { vocabularySize: V, codeWidth: Cvae };
  return {
    tokenizer: flexVarTokenizerConfig.parse({ channels: ch, multipliers: ch_mult, zChannels: z_channels, ...shared }),
    generator: flexVarConfig.parse({ depth, width, heads, classes, pathDrop: 0, ...shared }),
  };
}

/** Runs `body` with the file's models, in evaluation, then frees them. */
export function withHashModels<T>(file: GoldenFile, body: (models: HashModels) => T): T {
  const sizes = goldenSizes(file);
  const tokenizer = new FlexVarTokenizer(sizes.tokenizer);
  const generator = new FlexVar(sizes.generator);
  try {
    hashWeights(tokenizer, file.seed);
    hashWeights(generator, file.seed);
    noGrad(() => {
      using map = sineCosineMap(generator.config.width, generator.config.positionSide);
      generator.pos_1CSS.copy_(map);
    });
    return scope(() => body({ tokenizer: tokenizer.eval(), generator: generator.eval() }));
  } finally {
    tokenizer.dispose();
    generator.dispose();
  }
}
