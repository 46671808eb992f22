// One optimiser step: forward under autocast, backward, clip, update. The forward's temporaries are freed before backward begins.
import { type AdamW, clipGradNorm } from '../nn/index.js';
import { autocast, scope, type Tensor } from '../torch/index.js';

/** The loss to minimise (a float32 scalar) and named numbers to record. */
export interface Losses {
  loss: Tensor;
  parts: Record<string, Tensor>;
}

/** How a step is made. */
export interface StepOptions {
  optimizer: AdamW;
  parameters: readonly Tensor[];
  learningRate: number;
  weightDecay: number;
  /** Highest global gradient norm. */
  clip: number;
  precision: 'float32' | 'bfloat16';
  device: string;
}

/** Training went wrong in a way that more steps do not mend. */
export class DivergenceError extends Error {
  override name = 'DivergenceError';
}

/**
 * Makes one step; the numbers to record. Nothing is updated where the loss or the gradient is not finite.
 * @param after is given what `forward` returned once the weights are updated; its numbers are recorded too
 */
export function optimizerStep<T extends Losses>(
  options: StepOptions,
  forward: () => T,
  after?: (result: T) => Record<string, number>,
): Record<string, number> {
  const { optimizer, parameters, learningRate, weightDecay, clip, precision, device } = options;
  return scope(() => {
    const result = scope(() => autocast({ device, dtype: precision }, forward));
    const { loss, parts } = result;
    const value = loss.item();
    if (!Number.isFinite(value))
      throw new DivergenceError(`the loss is ${value}: lower the learning rate, or train in float32`);
    loss.backward();
    const norm = clipGradNorm(parameters, clip).item();
    if (!Number.isFinite(norm))
      throw new DivergenceError(`the gradient norm is ${norm}: lower the learning rate, or train in float32`);
    optimizer.step(learningRate, weightDecay);
    optimizer.zeroGrad();
    const numbers = Object.entries(parts).map(([name, part]) => [name, part.item()] as const);
    return {
      loss: value,
      ...Object.fromEntries(numbers),
      ...after?.(result),
      gradient_norm: norm,
      learning_rate: learningRate,
    };
  });
}
