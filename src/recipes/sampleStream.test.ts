// Settings that a generator cannot follow are found before anything is written.
import { expect, test } from 'vitest';
import { generatorFamilies, initialiseGenerator } from '../models/index.js';
import { tokenizerFamilies } from '../tokenizers/index.js';
import { Generator, scope } from '../torch/index.js';
import { checkSampling } from './sampleStream.js';

const scales = [1, 2, 4];
const sizes = { vocabularySize: 16, codeWidth: 4 };
const tokenizerSizes = { ...sizes, channels: 8, multipliers: [1, 2], resBlocks: 1, normGroups: 4 };

test.each(['flexvar', 'var'] as const)('other scales and a %s generator', (family) => {
  using random = new Generator(1);
  const { config, make } = generatorFamilies[family];
  const own = { ...sizes, depth: 2, width: 16, heads: 2, classes: 3, ...generatorFamilies[family].sizesFor(scales) };
  const generator = make(config.parse(own));
  initialiseGenerator(generator, random);
  generator.eval();
  const tokenizers = tokenizerFamilies[family];
  const tokenizer = tokenizers.make(tokenizers.config.parse(tokenizerSizes));
  const check = (given: number[]) => {
    scope(() => {
      checkSampling({ generator, tokenizer }, { scales: given });
    });
  };
  check(scales);
  const others = expect(() => { check([1, 4]); }); // prettier-ignore
  if (family === 'var') others.toThrow(/knows the scales 1,2,4 and no others, got 1,4/);
  else others.not.toThrow();
});
