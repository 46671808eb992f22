// How sure a generator is of each token.
// Legend: B images, N tokens of a scale, V codes.
import { noGrad, scope, type Tensor } from '../../torch/index.js';

/** Entropy in bits of the distributions of logits [B, N, V]: B · N numbers in order. A logit of −∞ is a code of probability 0. */
export function entropyBits(logits_BNV: Tensor): Float32Array {
  return noGrad(() =>
    scope(() => {
      const logs_BNV = logits_BNV.to('float32').logSoftmax(-1).clampMin(-1e30); // 0 · −∞ counts as 0
      return Float32Array.from(logs_BNV.exp().mul(logs_BNV).sum([-1]).toArray(), (nats) =>
        Math.max(0, -nats / Math.LN2),
      );
    }),
  );
}
