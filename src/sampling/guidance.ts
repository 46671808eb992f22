// Classifier-free guidance: how strongly the logits are pushed from the null class's towards the class's, scale by scale.
import type { Tensor } from '../torch/index.js';

/**
 * Weights t of `(1 + t)·class − t·null`, by scale index.
 * `ramp` grows in a straight line from 0 to `scale` (with FlexVAR's divisor, at most 9 steps); `constant` is the published samplers'
 * other form, null + scale·(class − null), so t = scale − 1 everywhere.
 */
export interface Guidance {
  shape: 'ramp' | 'constant';
  scale: number;
}

/** The weight t of every scale. */
export function guidanceWeights({ shape, scale }: Guidance, scales: number): number[] {
  return Array.from({ length: scales }, (_, i) =>
    shape === 'constant' ? scale - 1 : scales === 1 ? 0 : (scale * i) / Math.min(scales - 1, 9),
  );
}

/** Guided logits [B, N, V] of logits whose lower half [2 B, N, V] is the null class's. */
export function guide(logits_RNV: Tensor, weight: number): Tensor {
  const [class_BNV, null_BNV] = logits_RNV.chunk(2, 0) as [Tensor, Tensor];
  return class_BNV.mul(1 + weight).sub(null_BNV, { alpha: weight });
}
