// Means and covariances of features, in float64: what Fréchet distances compare.
// Legend: N samples, n chosen ones, D feature dimensions.
import { scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { FeatureMoments, rowsPerChunk } from './featureMoments.js';
import { type Moments, momentsOf } from './moments.js';

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

/** Statistics of `count` features that are had in parts, bit for bit those of a `FeatureMoments` that saw them in any blocks. */
function statisticsOfParts(
  count: number,
  width: number,
  part: (first: number, size: number) => Tensor,
): FeatureStatistics {
  return scope(() => {
    if (count > 0 && count <= rowsPerChunk) return statisticsOfMoments(momentsOf(part(0, count)));
    using moments = new FeatureMoments(width);
    for (let first = 0; first < count; first += rowsPerChunk)
      scope(() => {
        moments.add(part(first, Math.min(rowsPerChunk, count - first)));
      });
    return statisticsOfMoments(moments.whole());
  });
}

/** Statistics of one set of features [N, D], at least two. */
export function statisticsOf(features_ND: Tensor): FeatureStatistics {
  return statisticsOfParts(features_ND.size(0), features_ND.size(1), (first, size) => features_ND.narrow(0, first, size)); // prettier-ignore
}

/** Statistics of the features of these numbers, int64 [n], one of which may come several times; they are never all copied at once. */
export function statisticsAt(features_ND: Tensor, index_n: Tensor): FeatureStatistics {
  return statisticsOfParts(index_n.size(0), features_ND.size(1), (first, size) =>
    features_ND.indexSelect(0, index_n.narrow(0, first, size).to({ device: features_ND.device })),
  );
}
