// Optimiser and schedules of a recipe's settings: what a training step of the clock's moment needs.
import { AdamW, learningRate, type Module, parameterGroups, weightDecay } from '../nn/index.js';
import type { CheckpointPart, Clock, StepOptions } from '../train/index.js';
import type { TrainingSettings } from './settings.js';
import { settlePrecision } from './machine.js';

/** An optimiser over a model, with its schedules. */
export interface Optimization {
  optimizer: AdamW;
  /** What `optimizerStep` needs at a moment of the training. */
  at(clock: Clock): StepOptions;
  part: CheckpointPart;
}

/** AdamW with the published parameter groups; iterations count batches. */
export function optimizationOf(model: Module, settings: TrainingSettings): Optimization {
  const { images, batchSize, device } = settings;
  const { learningRate: peak, shape, warmup, start, end, betas, clip } = settings.optimizer;
  const optimizer = new AdamW(parameterGroups(model), { betas });
  const iterations = Math.ceil(images / batchSize);
  const schedule = {
    shape, peak, iterations, warmupIterations: Math.round(warmup * iterations), warmupStart: start, end,
  }; // prettier-ignore
  const decay = settings.optimizer.weightDecay;
  const decayEnd = settings.optimizer.weightDecayEnd ?? decay;
  const parameters = model.parameters();
  const precision = settlePrecision(settings.precision, device);
  return {
    optimizer,
    at: ({ step }) => ({
      optimizer, parameters, clip, precision, device,
      learningRate: learningRate(schedule, step),
      weightDecay: weightDecay(decay, decayEnd, step, iterations),
    }), // prettier-ignore
    part: { save: () => optimizer.state(), load: (tensors, where) => { optimizer.loadState(tensors, where); } }, // prettier-ignore
  };
}

/** A model as a part of checkpoints. */
export function modelPart(model: Module, metadata: () => Record<string, string>): CheckpointPart {
  return {
    save: () => model.stateDict(),
    load: (tensors, where) => { model.loadStateDict(tensors, where); }, // prettier-ignore
    get metadata() {
      return metadata();
    },
  };
}
