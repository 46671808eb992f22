// Modules, layers and optimisation.
export { AdamW, type AdamWOptions, type ParameterGroup } from './adamw.js';
export { clipGradNorm } from './clip.js';
export { areaResize, bicubicResize, crossEntropy, inFloat32, inTurn, unitLength } from './functional.js';
export { Conv2d, Embedding, GroupNorm, Linear, storeLinear } from './layers.js';
export { Module, parameter } from './module.js';
export {
  codeOfDtype,
  dtypeOfCode,
  loadWeights,
  openWeights,
  OpenWeights,
  saveWeights,
  type TensorsByName,
  toTensor,
} from './weights.js';
export { parameterGroups } from './parameterGroups.js';
export {
  learningRate,
  type LearningRateSchedule,
  type LearningRateShape,
  learningRateShapes,
  weightDecay,
} from './schedules.js';
