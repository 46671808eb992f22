// Means and covariances of features, gathered batch by batch in float64: what Fréchet distances compare.
// Legend: N samples, D feature dimensions.
import { keep, noGrad, scope, type Tensor, zeros } from '../torch/index.js';

/** Mean and covariance (unbiased, N − 1) of a set of features. */
export interface FeatureStatistics {
  count: number;
  /** float64 [D] */
  mean_D: Tensor;
  /** float64 [D, D] */
  covariance_DD: Tensor;
}

/** Gathers features in any number of batches; the result does not depend on how they were cut but in the last bits. */
export class StatisticsAccumulator {
  #count = 0;
  readonly #sum_D: Tensor;
  readonly #products_DD: Tensor;

  constructor(dimensions: number) {
    this.#sum_D = keep(zeros([dimensions], { dtype: 'float64' }));
    this.#products_DD = keep(zeros([dimensions, dimensions], { dtype: 'float64' }));
  }

  /** @param features_ND any float dtype */
  add(features_ND: Tensor): void {
    noGrad(() => {
      scope(() => {
        const wide_ND = features_ND.to({ dtype: 'float64', device: 'cpu' });
        this.#count += wide_ND.size(0);
        this.#sum_D.add_(wide_ND.sum([0]));
        this.#products_DD.add_(wide_ND.t().matmul(wide_ND));
      });
    });
  }

  /** The statistics of all that was added; at least two samples. */
  result(): FeatureStatistics {
    const count = this.#count;
    if (count < 2) throw new Error(`internal: statistics of ${count} samples`);
    return scope(() => {
      const mean_D = this.#sum_D.div(count);
      const outer_DD = mean_D.unsqueeze(1).mul(mean_D.unsqueeze(0));
      const covariance_DD = this.#products_DD.sub(outer_DD.mul(count)).div(count - 1);
      return { count, mean_D, covariance_DD };
    });
  }
}

/** Statistics of one set of features [N, D]. */
export function statisticsOf(features_ND: Tensor): FeatureStatistics {
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
