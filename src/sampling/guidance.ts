// Classifier-free guidance: how strongly the logits are pushed from the null class's towards the class's, scale by scale.
import type { Scales } from '../tokenizers/index.js';
import type { Tensor } from '../torch/index.js';

/**
 * Weights t of `(1 + t)·class − t·null`, by scale index.
 * `ramp` grows in a straight line from 0 to `scale` (with FlexVAR's divisor, at most 9 steps); `constant` is the published samplers'
 * other form, null + scale·(class − null), so t = scale − 1 everywhere.
 */
export interface Guidance {
  shape: 'ramp' | 'constant';
  scale: number;
  /** Sides above this get the whole `scale` of a ramp: FlexVAR's sampler does so above 16, the largest side it was trained on. */
  fullAbove?: number | undefined;
}

/** The weight t of every scale. */
export function guidanceWeights({ shape, scale, fullAbove = Infinity }: Guidance, scales: Scales): number[] {
  const steps = Math.min(scales.length - 1, 9);
  return scales.map((side, i) => {
    if (shape === 'constant') return scale - 1;
    if (side > fullAbove) return scale;
    return steps === 0 ? 0 : (scale * i) / steps;
  });
}

/** Guided logits [B, N, V] of logits whose lower half [2 B, N, V] is the null class's. */
export function guide(logits_RNV: Tensor, weight: number): Tensor {
  const [class_BNV, null_BNV] = logits_RNV.chunk(2, 0) as [Tensor, Tensor];
  return class_BNV.mul(1 + weight).sub(null_BNV, { alpha: weight });
}
