// Sampling: filters, guidance, and the stream of scales.
export { type Label } from './condition.js';
export { classPath, givenFromImage, givenUpTo, keepMasks } from './edit.js';
export { type Candidates, drawTokens, filterLogits, type FilterOptions, temper } from './filter.js';
export { type GivenTokens } from './group.js';
export { guide, type Guidance, guidanceWeights } from './guidance.js';
export { type PerScale, sample, type SampleOptions, type ScaleRecord } from './sample.js';
export { mixCodes } from './smooth.js';
