// The sizes of the benchmark: what `quickstart` trains, the published depth-16 model at 256 pixels with one image, and one to try things with.
import { generatorPresets, tokenizerPresets } from '../dist/recipes/presets.js';
import { flexVarConfig } from '../dist/models/index.js';
import { flexVarTokenizerConfig } from '../dist/tokenizers/index.js';

const common = { seed: 1, learningRate: 1e-5, topK: 900, topP: 0.95, guidance: 2.5, cfg: 2.5 };

function sizeOf(tokenizerPreset, generatorPreset, classes, batch) {
  const tokenizer = flexVarTokenizerConfig.parse(tokenizerPreset.model);
  const { vocabularySize, codeWidth } = tokenizer;
  const model = { ...generatorPreset.model, vocabularySize, codeWidth, classes, pathDrop: 0 };
  const { pathDrop, ...generator } = flexVarConfig.parse(model); // no stochastic depth: both sides must compute the same
  return { ...common, tokenizer, generator, scales: generatorPreset.scales, batch, pathDrop };
}

const small = 'fashion-mnist';
const least = { ...generatorPresets[small], model: { ...generatorPresets[small].model, depth: 2, width: 64, heads: 2 }, scales: [1, 2, 3, 4] }; // prettier-ignore
export const sizes = {
  tiny: sizeOf(tokenizerPresets[small], least, 10, 24), // nobody trains it: `bench -- gpu` is tried with it

  quickstart: sizeOf(tokenizerPresets[small], generatorPresets[small], 10, generatorPresets[small].batchSize),
  d16: sizeOf(tokenizerPresets['flexvar-vq16'], generatorPresets['flexvar-d16'], 1000, 1),
};

/** Shapes [m, k, n] of the products in a block's feed-forward layer, forward. */
export function productsOf({ batch, scales, generator }) {
  const tokens = batch * scales.reduce((sum, side) => sum + side * side, 0);
  return [
    [tokens, generator.width, 4 * generator.width],
    [tokens, 4 * generator.width, generator.width],
  ];
}
