// Inception Score (Salimans et al. 2016): exp of the mean divergence of each sample's class distribution from the split's average one.
import { noGrad, scope, type Tensor } from '../torch/index.js';

/**
 * Mean and standard deviation of the score over consecutive splits, in the order of the samples, in float64. A last incomplete split counts.
 * @param logits_NK class logits of the samples
 */
export function inceptionScore(logits_NK: Tensor, splitSize: number): { mean: number; deviation: number } {
  const scores = noGrad(() =>
    scope(() => {
      const log_NK = logits_NK.to('float64').logSoftmax(1);
      return log_NK.split(splitSize).map((part_NK) => {
        const probability_NK = part_NK.exp();
        const marginal_K = probability_NK.mean([0]);
        return Math.exp(probability_NK.mul(part_NK.sub(marginal_K.log())).sum([1]).mean().item());
      });
    }),
  );
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  return { mean, deviation: Math.sqrt(variance) };
}
