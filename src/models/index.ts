// Generators: logits only; sampling, losses and training lie above.
export { type Segment, type SelfAttention } from './attention.js';
export { type AdaptiveLinear, type Block, layerNormEps } from './block.js';
export { generatorFamilies } from './families.js';
export { FlexVar, flexVarBuffers, type FlexVarConfig, flexVarConfig, sineCosineMap } from './flexVar.js';
export { forwardFlops, lastScaleFlops, trainingFactor, visiblePairs } from './flops.js';
export { initialiseConvolutions, initialiseGenerator, initialiseTokenizer } from './initialise.js';
export { drawScales, flexVarScales, publishedScales, type RandomScales, stretchScales } from './scaleSchedule.js';
export { Session } from './session.js';
export { type PassOptions, type SamplingHabits, ScaleTransformer, type TransformerConfig } from './transformer.js';
export { Var, varBuffers, type VarConfig, varConfig, varScales } from './var.js';
export { segmentsOf, type Visibility } from './visibility.js';
