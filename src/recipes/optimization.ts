// Optimiser and schedules of a recipe's settings: what a training step of the clock's moment needs.
import { AdamW, learningRate, type Module, parameterGroups, weightDecay } from '../nn/index.js';
import {
  averagingOf,
  type CheckpointPart,
  type Clock,
  type Reach,
  type StepOptions,
  type World,
} from '../train/index.js';
import type { TrainingSettings } from './settings.js';
import { settlePrecision } from './machine.js';

/** An optimiser over a model, with its schedules. */
export interface Optimization {
  optimizer: AdamW;
  /** What `optimizerStep` needs at a moment of the training. */
  at(clock: Clock, measure?: boolean): StepOptions;
  part: CheckpointPart;
  dispose(): void;
}

/** The rates of a step, counted from 0: all that changes from step to step. */
export function ratesOf(settings: TrainingSettings): (step: number) => { learningRate: number; weightDecay: number } {
  const { images, batchSize } = settings;
  const {
    learningRate: peak,
    shape,
    warmup,
    start,
    end,
    weightDecay: decay,
    weightDecayEnd = decay,
  } = settings.optimizer;
  const iterations = Math.ceil(images / batchSize);
  const warmupIterations = Math.round(warmup * iterations);
  const schedule = { shape, peak, iterations, warmupIterations, warmupStart: start, end };
  return (step) => ({
    learningRate: learningRate(schedule, step),
    weightDecay: weightDecay(decay, weightDecayEnd, step, iterations),
  });
}

/** AdamW with the published parameter groups; iterations count batches. `reach`: which parameters a step's backward reaches. */
export function optimizationOf(
  model: Module,
  settings: TrainingSettings & { recompute?: boolean },
  world: World,
  reach: Reach = settings.recompute ? 'pieces' : 'once',
): Optimization {
  const { device } = settings;
  const { betas, clip } = settings.optimizer;
  const optimizer = new AdamW(parameterGroups(model), { betas });
  const rates = ratesOf(settings);
  const parameters = model.parameters();
  const precision = settlePrecision(settings.precision, device);
  const { recompute = false } = settings;
  const averaging = averagingOf(world, parameters, reach);
  return {
    optimizer,
    at: ({ step }, measure = false) => ({
      world, ...(averaging && { averaging }), optimizer, parameters, clip, precision, device, recompute, measure, ...rates(step),
    }), // prettier-ignore
    part: { save: () => optimizer.state(), load: (tensors, where) => { optimizer.loadState(tensors, where); } }, // prettier-ignore
    dispose: () => {
      averaging?.dispose();
      optimizer.dispose();
    },
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
