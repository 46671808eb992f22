// Means and sums of squared deviations of parts of a set, and how two parts become one, in float64.
// Legend: R rows of a part, D feature dimensions.
import { noGrad, ops, scope, setThreads, type Tensor, threads } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** First and second moments of some features. */
export interface Moments {
  count: number;
  /** float64 [D] */
  mean_D: Tensor;
  /** Σ (x − mean)(x − mean)ᵀ, float64 [D, D] */
  scatter_DD: Tensor;
}

/** Runs `body` with one thread an operator: a sum is then added in the same order on every machine that has the same instructions. */
export function inOneThread<T>(body: () => T): T {
  const before = threads();
  setThreads(1);
  try {
    return body();
  } finally {
    setThreads(before);
  }
}

/**
 * Moments of features [R, D], at least one: first the mean, then the deviations from it.
 * @throws UsageError where a feature is not finite
 */
export function momentsOf(features_RD: Tensor): Moments {
  return noGrad(() =>
    scope(() =>
      inOneThread(() => {
        const wide_RD = features_RD.to({ dtype: 'float64', device: 'cpu' });
        const mean_D = wide_RD.mean([0]);
        if (mean_D.isfinite().all().item() === 0)
          throw new UsageError('statistics: expected finite features, got infinities or NaN; look at the images they are of'); // prettier-ignore
        const rest_RD = wide_RD.sub(mean_D);
        return { count: wide_RD.size(0), mean_D, scatter_DD: rest_RD.t().matmul(rest_RD) };
      }),
    ),
  );
}

/** Moments of two parts together, from theirs alone (Chan, Golub and LeVeque 1979, equations 2.1 and 2.2). */
export function mergeMoments(a: Moments, b: Moments): Moments {
  return noGrad(() =>
    scope(() => {
      const count = a.count + b.count;
      const shift_D = b.mean_D.sub(a.mean_D);
      return {
        count,
        mean_D: a.mean_D.add(shift_D.mul(b.count / count)),
        scatter_DD: a.scatter_DD.add(b.scatter_DD).add(ops.outer(shift_D, shift_D).mul((a.count * b.count) / count)),
      };
    }),
  );
}
