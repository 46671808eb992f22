// Tokenizers: images to indices at every scale, and back.
export { Codebook, type Quantised } from './codebook.js';
export {
  FlexVarTokenizer,
  flexVarTokenizerBuffers,
  type FlexVarTokenizerConfig,
  flexVarTokenizerConfig,
} from './flexVarTokenizer.js';
export { adversarialLoss, discriminatorLoss, PatchDiscriminator } from './discriminator.js';
export { CodeUsage, usedShare } from './revival.js';
export { type Pyramid, type Scales, tokenCount, type Tokenizer } from './tokenizer.js';
