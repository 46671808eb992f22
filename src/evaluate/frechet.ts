// Fréchet distance between two sets of features, each taken as a normal distribution (Dowson and Landau 1982; the formula behind FID).
// Which features they are is the caller's affair: only with the TensorFlow Inception-v3 may the result be called FID.
import { noGrad, scope, type Tensor } from '../torch/index.js';
import { type FeatureStatistics, statisticsOf } from './statistics.js';

/** A symmetric positive semi-definite matrix's square root, by its eigenvectors; tiny negative eigenvalues count as 0. */
function squareRoot(matrix_DD: Tensor): Tensor {
  const [values_D, vectors_DD] = matrix_DD.linalgEigh();
  return vectors_DD.mul(values_D.clampMin(0).sqrt()).matmul(vectors_DD.t());
}

/**
 * ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½) in float64. The trace of the root is that of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric.
 */
export function frechetDistanceOf(a: FeatureStatistics, b: FeatureStatistics): number {
  return noGrad(() =>
    scope(() => {
      const root_DD = squareRoot(a.covariance_DD);
      const inner_DD = root_DD.matmul(b.covariance_DD).matmul(root_DD);
      const symmetric_DD = inner_DD.add(inner_DD.t()).div(2);
      const rootTrace = symmetric_DD.linalgEigvalsh().clampMin(0).sqrt().sum().item();
      const means = a.mean_D.sub(b.mean_D).square().sum().item();
      const traces = a.covariance_DD.diagonal().sum().item() + b.covariance_DD.diagonal().sum().item();
      return means + traces - 2 * rootTrace;
    }),
  );
}

/** Fréchet distance of two sets of features [N, D] and [M, D]. */
export function frechetDistance(a_ND: Tensor, b_MD: Tensor): number {
  return scope(() => frechetDistanceOf(statisticsOf(a_ND), statisticsOf(b_MD)));
}
