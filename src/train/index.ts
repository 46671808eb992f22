// Training: the loop, its steps, checkpoints and run folders.
export {
  type CheckpointPart,
  type Clock,
  listCheckpoints,
  newestCheckpoint,
  saveCheckpoint,
  verifyCheckpoint,
} from './checkpoint.js';
export { type LoopEnd, type LoopOptions, trainingLoop } from './loop.js';
export { type MetricsRecord, RunFolder } from './runFolder.js';
export { DivergenceError, type Losses, optimizerStep, type StepOptions } from './step.js';
