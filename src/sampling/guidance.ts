// Classifier-free guidance: how strongly the logits are pushed from the null class's towards the class's, scale by scale.
import type { SamplingHabits } from '../models/index.js';
import { type Scales, sizeOf } from '../tokenizers/index.js';
import type { Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** The weights t of `(1 + t)·class − t·null`, by scale. */
export type Guidance = (
  | {
      /** In a straight line from 0 at the first scale to `scale` at the last, as the family's sampler does it. */
      shape: 'ramp';
      scale: number;
      /** Scales with a side above this get the whole `scale` at once; the family's own limit by default. */
      fullAbove?: number | undefined;
    }
  /** null + scale·(class − null) everywhere, the published samplers' other form: t = scale − 1. */
  | { shape: 'constant'; scale: number }
  /** A weight t for each scale. */
  | { shape: 'list'; weights: readonly number[] }
) & {
  /** Guide only the scales from one index to another, counted from 0, both included. */
  interval?: readonly [first: number, last: number] | undefined;
};

/** The weight t of every scale; throws a UsageError where a list of weights is of another length than the scales. */
export function guidanceWeights(
  guidance: Guidance,
  scales: Scales,
  { rampSteps, rampSide }: Pick<SamplingHabits, 'rampSteps' | 'rampSide'>,
): number[] {
  const steps = Math.min(scales.length - 1, rampSteps);
  const [first, last] = guidance.interval ?? [0, Infinity];
  const weightOf = (i: number): number => {
    switch (guidance.shape) {
      case 'list':
        return guidance.weights[i]!;
      case 'constant':
        return guidance.scale - 1;
      case 'ramp':
        if (Math.max(...sizeOf(scales[i]!)) > (guidance.fullAbove ?? rampSide)) return guidance.scale;
        return steps === 0 ? 0 : (guidance.scale * i) / steps;
    }
  };
  if (guidance.shape === 'list' && guidance.weights.length !== scales.length)
    throw new UsageError(
      `guidance: expected a weight for each of the ${scales.length} scales, got ${guidance.weights.length}`,
    );
  return scales.map((_, i) => (i >= first && i <= last ? weightOf(i) : 0));
}

/** Guided logits [B, N, V] of logits whose lower half [2 B, N, V] is the null class's. */
export function guide(logits_RNV: Tensor, weight: number): Tensor {
  const [class_BNV, null_BNV] = logits_RNV.chunk(2, 0) as [Tensor, Tensor];
  return class_BNV.mul(1 + weight).sub(null_BNV, { alpha: weight });
}
