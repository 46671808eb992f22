// Means and covariances of features, in float64: what Fréchet distances compare.
// Legend: N samples, D feature dimensions.
import { scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { FeatureMoments } from './featureMoments.js';
import type { Moments } from './moments.js';

/** Mean and covariance (unbiased, N − 1) of a set of features. */
export interface FeatureStatistics {
  /** Undefined where a file of statistics does not say. */
  count: number | undefined;
  /** float64 [D] */
  mean_D: Tensor;
  /** float64 [D, D] */
  covariance_DD: Tensor;
}

/** Moments of at least two samples as statistics, in tensors of their own. */
export function statisticsOfMoments({ count, mean_D, scatter_DD }: Moments): FeatureStatistics {
  if (count < 2) throw new UsageError(`statistics: expected at least 2 samples, got ${count}; sample more`);
  return { count, mean_D: mean_D.clone(), covariance_DD: scatter_DD.div(count - 1) };
}

/** Statistics of one set of features [N, D], at least two; bit for bit those of `FeatureMoments` that saw the same features in any blocks. */
export function statisticsOf(features_ND: Tensor): FeatureStatistics {
  const [N, D] = [features_ND.size(0), features_ND.size(1)];
  return scope(() => {
    using moments = new FeatureMoments(D);
    if (N > 0) moments.add(0, features_ND);
    return statisticsOfMoments(moments.whole());
  });
}
