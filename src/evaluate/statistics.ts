// Means and covariances of features, in float64: what Fréchet distances compare.
// Legend: N samples, D feature dimensions.
import { scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** Mean and covariance (unbiased, N − 1) of a set of features. */
export interface FeatureStatistics {
  count: number;
  /** float64 [D] */
  mean_D: Tensor;
  /** float64 [D, D] */
  covariance_DD: Tensor;
}

/** Statistics of one set of features [N, D], at least two. */
export function statisticsOf(features_ND: Tensor): FeatureStatistics {
  if (features_ND.size(0) < 2)
    throw new UsageError(`statistics: expected at least 2 samples, got ${features_ND.size(0)}; sample more`);
  const centred = scope(() => {
    const wide_ND = features_ND.to('float64');
    const mean_D = wide_ND.mean([0]);
    const rest_ND = wide_ND.sub(mean_D);
    return {
      mean_D,
      covariance_DD: rest_ND
        .t()
        .matmul(rest_ND)
        .div(wide_ND.size(0) - 1),
    };
  });
  return { count: features_ND.size(0), ...centred };
}
