// Gradient clipping by the global norm.
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';

/**
 * Scales the gradients of `parameters` so that their global L2 norm is at most `maximum`.
 * @returns the norm before clipping, a float32 scalar; with a non-finite norm the gradients are left as they are
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maximum: number): Tensor {
  return noGrad(() =>
    scope(() => {
      const gradients = [...parameters].flatMap((one) => one.grad ?? []);
      const total = ops.stack(ops.foreachNorm(gradients)).linalgVectorNorm();
      const norm = total.item();
      const factor = maximum / (norm + 1e-6);
      if (factor < 1 && Number.isFinite(norm)) ops.foreachMulScalar_(gradients, factor);
      return total;
    }),
  );
}
