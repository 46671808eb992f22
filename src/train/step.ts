// One optimiser step: forward under autocast and backward for each micro-batch, gradients averaged over processes, clipped, applied.
// The forward's temporaries are freed before backward begins.
import { type AdamW, clipGradNorm } from '../nn/index.js';
import { autocast, noGrad, ops, scope, Tape, type Tensor } from '../torch/index.js';
import type { Averaging } from './averaging.js';
import { alone, type World } from './world.js';

/** The loss to minimise (a float32 scalar) and named numbers to record. */
export interface Losses {
  loss: Tensor;
  parts: Record<string, Tensor>;
}

/** How a step is made. */
export interface StepOptions {
  /** The processes that make the step together; this one alone by default. */
  world?: World;
  averaging?: Averaging;
  optimizer: AdamW;
  parameters: readonly Tensor[];
  learningRate: number;
  weightDecay: number;
  /** Highest global gradient norm. */
  clip: number;
  precision: 'float32' | 'bfloat16';
  device: string;
  /** Whether blocks are computed again in backward instead of being kept. */
  recompute?: boolean;
  /** Whether numbers that cost something are wanted too. */
  measure?: boolean;
}

/** What a step came to. */
export interface StepOutcome {
  numbers: Record<string, number>;
  /** Why nothing was updated, where the loss or the gradient was not finite. */
  skipped?: string;
}

/** Training went wrong in a way that more steps do not mend. */
export class DivergenceError extends Error {
  override name = 'DivergenceError';
}

/** The loss of one micro-batch; with `measure`, `parts` holds more. */
export type Forward<T extends Losses = Losses> = (measure: boolean) => T;

/** Means over micro-batches and processes. */
function meansOf(world: World, results: readonly Losses[]): Record<string, number> {
  const [first] = results;
  const names = ['loss', ...Object.keys(first!.parts)];
  const means = scope(() => {
    const rows = results.map(({ loss, parts }) =>
      ops.stack([loss, ...Object.values(parts)].map((one) => one.detach().to('float64'))),
    );
    return ops.stack(rows).mean([0]).toArray();
  });
  return world.mean(Object.fromEntries(names.map((name, i) => [name, means[i]!])));
}

/** Which numbers are not finite, told by a forward pass that measures all there is. */
function diagnose(options: StepOptions, forwards: readonly Forward[], norm: number): string {
  const { world = alone, device, precision } = options;
  const results = forwards.map((forward) =>
    noGrad(() => scope(() => autocast({ device, dtype: precision }, () => forward(true)))),
  );
  const wrong = Object.entries(meansOf(world, results)).filter(([, value]) => !Number.isFinite(value));
  return [...wrong, ['gradient norm', norm] as const].map(([name, value]) => `${name} is ${value}`).join(', ');
}

/**
 * Makes one step of the micro-batches that `forwards` compute; their loss is the mean. Nothing is updated where loss or gradient are not finite,
 * on all processes alike.
 * @param after is given what the passes returned once the weights are updated; its numbers are recorded too
 */
export function optimizerStep<T extends Losses>(
  options: StepOptions,
  forwards: readonly Forward<T>[],
  after?: (results: readonly T[]) => Record<string, number>,
): StepOutcome {
  const {
    world = alone,
    averaging,
    optimizer,
    parameters,
    learningRate,
    weightDecay,
    clip,
    precision,
    device,
  } = options;
  const measured = options.measure ?? false;
  return scope(() => {
    const results = forwards.map((forward, i) => {
      using tape = new Tape();
      const pass = () => autocast({ device, dtype: precision }, () => forward(measured));
      const result = scope(() => (options.recompute ? tape.record(pass) : pass()));
      const isLast = i === forwards.length - 1;
      const loss = forwards.length > 1 ? result.loss.div(forwards.length) : result.loss;
      if (isLast) averaging?.before(loss);
      tape.backward(loss);
      if (isLast) averaging?.after();
      return result;
    });
    const norm = clipGradNorm(parameters, clip).item();
    const numbers = meansOf(world, results);
    const sound = Number.isFinite(numbers['loss']) && Number.isFinite(norm);
    const skipped = sound ? {} : { skipped: diagnose(options, forwards, norm) };
    if (sound) optimizer.step(learningRate, weightDecay);
    optimizer.zeroGrad();
    return {
      numbers: {
        ...numbers,
        ...(sound && after?.(results)),
        gradient_norm: norm,
        learning_rate: learningRate,
      },
      ...skipped,
    };
  });
}
