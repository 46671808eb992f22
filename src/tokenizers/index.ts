// Tokenizers: images to indices at every scale, and back.
export { AttentionBlock, type Level, type ResnetBlock, Upsample } from './blocks.js';
export { Codebook, cosine, euclidean, toMap, toRows } from './codebook.js';
export { adversarialLoss, discriminatorLoss, PatchDiscriminator } from './discriminator.js';
export { type FamilyEntry, isFamily, tokenizerFamilies } from './families.js';
export {
  FlexVarTokenizer,
  flexVarTokenizerBuffers,
  type FlexVarTokenizerConfig,
  flexVarTokenizerConfig,
} from './flexVarTokenizer.js';
export { CodeUsage, type Others, usedShare } from './revival.js';
export { sameScale, type Scale, scaleName, type Scales, scalesText, sizeOf, tokenCount, tokensOf } from './scales.js';
export { type Family, picturesOf, type Pyramid, Tokenizer, type TrainingPyramid, type View } from './tokenizer.js';
export {
  phiOfScales,
  VarTokenizer,
  varTokenizerBuffers,
  type VarTokenizerConfig,
  varTokenizerConfig,
} from './varTokenizer.js';
