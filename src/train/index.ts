// Training: the loop, its steps, checkpoints and run folders.
export { type CheckpointPart, type CheckpointParts } from './checkpoint.js';
export { type Clock, listCheckpoints, newestCheckpoint, verifyCheckpoint } from './checkpointFiles.js';
export { PowerEma } from './ema.js';
export { type EmaSnapshot, listSnapshots, type Synthesis, writeAverage } from './emaPostHoc.js';
export { type Averaging, averagingOf, type Reach } from './averaging.js';
export { devicePeak } from './devicePeak.js';
export { type LoopEnd, type LoopOptions, trainingLoop } from './loop.js';
export { type MetricsRecord, RunFolder, type RunOptions } from './runFolder.js';
export { DivergenceError, type Losses, optimizerStep, type StepOptions, type StepOutcome } from './step.js';
export { Throughput } from './throughput.js';
export { alone, deviceOf, joinWorld, type World } from './world.js';
export { PeerLostError } from './peers.js';
