// The library's public face: one name a layer, the same as the subpaths (`scalewise/torch`, `scalewise/nn`, …).
export * as checkpoints from './checkpoints/index.js';
export * as data from './data/index.js';
export * as evaluate from './evaluate/index.js';
export * as formats from './formats/index.js';
export * as hub from './hub/index.js';
export * as models from './models/index.js';
export * as nn from './nn/index.js';
export * as onnx from './onnx/index.js';
export * as recipes from './recipes/index.js';
export * as sampling from './sampling/index.js';
export * as sar from './sar/index.js';
export * as tokenizers from './tokenizers/index.js';
export * as torch from './torch/index.js';
export * as train from './train/index.js';
export { UsageError } from './util/errors.js';
