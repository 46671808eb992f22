// Sampling: filters, guidance, and the stream of scales.
export { type Candidates, drawTokens, filterLogits, type FilterOptions } from './filter.js';
export { guide, type Guidance, guidanceWeights } from './guidance.js';
export { sample, type SampleOptions, type ScaleRecord } from './sample.js';
