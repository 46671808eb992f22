// Checkpoints, published ones and our own: which state dicts a file holds, and what they are of.
export { Checkpoint, type CheckpointOptions, openCheckpoint } from './checkpoint.js';
export { type Hidden, type Shapes, type TensorFacts } from './configurations.js';
export { recognise, type Recognised } from './recognise.js';
export { chooseStateDict, type ModelKind, type StateDict, unwrap, type Wanted } from './stateDicts.js';
export { convertCheckpoint, type Converted, type ConvertOptions, type StoredType, storedTypes } from './convert.js';
export { describeFile, type DescribedModel, type FileDescription } from './describe.js';
