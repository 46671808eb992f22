// Fréchet distance between two sets of features, each taken as a normal distribution (Dowson and Landau 1982; Heusel et al. 2017, equation 6).
// Which features they are is the caller's affair: only with the TensorFlow Inception-v3 may the result be called FID, and sFID (Nash et al. 2021)
// only with its spatial features. Widths are free.
// ADM's evaluator takes scipy's sqrtm of Σ₁ Σ₂, which is not symmetric, and adds 1e-6 to both diagonals where the result is not finite, as it can be
// for singular covariances. Here the root is that of a symmetric matrix by its eigenvalues, which exists for singular ones too: there is nothing to
// add, and where sqrtm is finite both agree.
import { keep, noGrad, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { type FeatureStatistics, statisticsOf } from './statistics.js';

/** A symmetric positive semi-definite matrix's square root, by its eigenvectors; tiny negative eigenvalues count as 0. */
function squareRoot(matrix_DD: Tensor): Tensor {
  const [values_D, vectors_DD] = matrix_DD.linalgEigh();
  return vectors_DD.mul(values_D.clampMin(0).sqrt()).matmul(vectors_DD.t());
}

const distanceFrom = (a: FeatureStatistics, rootA_DD: Tensor, b: FeatureStatistics): number =>
  noGrad(() =>
    scope(() => {
      const [widthA, widthB] = [a.mean_D.size(0), b.mean_D.size(0)];
      if (widthA !== widthB)
        throw new UsageError(`Fréchet distance: expected features of one width, got ${widthA} and ${widthB}; compare those of one network`); // prettier-ignore
      const inner_DD = rootA_DD.matmul(b.covariance_DD).matmul(rootA_DD);
      const symmetric_DD = inner_DD.add(inner_DD.t()).div(2);
      const rootTrace = symmetric_DD.linalgEigvalsh().clampMin(0).sqrt().sum().item();
      const means = a.mean_D.sub(b.mean_D).square().sum().item();
      const traces = a.covariance_DD.diagonal().sum().item() + b.covariance_DD.diagonal().sum().item();
      return means + traces - 2 * rootTrace;
    }),
  );

/**
 * ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½) in float64. The trace of the root is that of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric.
 * @throws UsageError where the widths differ
 */
export function frechetDistanceOf(a: FeatureStatistics, b: FeatureStatistics): number {
  return noGrad(() => scope(() => distanceFrom(a, squareRoot(a.covariance_DD), b)));
}

/** Fréchet distance of two sets of features [N, D] and [M, D]. */
export function frechetDistance(a_ND: Tensor, b_MD: Tensor): number {
  return scope(() => frechetDistanceOf(statisticsOf(a_ND), statisticsOf(b_MD)));
}

/** Fréchet distances of many sets from one, whose root is taken once: about half the work of each. Dispose of it, or use `using`. */
export class FrechetFrom implements Disposable {
  readonly #root_DD: Tensor;

  /** @param reference must outlive this */
  constructor(readonly reference: FeatureStatistics) {
    this.#root_DD = keep(noGrad(() => scope(() => squareRoot(reference.covariance_DD))));
  }
  distance(statistics: FeatureStatistics): number {
    return distanceFrom(this.reference, this.#root_DD, statistics);
  }
  [Symbol.dispose](): void {
    this.#root_DD.dispose();
  }
}
