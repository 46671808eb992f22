// Inception Score (Salimans et al. 2016): exp of the mean divergence of each sample's class distribution from the split's average one.
// It depends on which samples stand in a split together. ADM's evaluator takes them in the order of the file, and samplers write class after class
// or classes mixed: with the first, a split knows few classes, and the score is low. The order-dependent score is therefore named so, and a
// shuffled one stands beside it.
import { Generator, noGrad, randperm, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';

/** Samples of a split in ADM's evaluator. */
export const inceptionSplit = 5000;

/** Mean and standard deviation (population's) over the splits. */
export interface InceptionScore {
  mean: number;
  deviation: number;
}

/**
 * The score over consecutive splits, in the order of the samples, in float64, as ADM's evaluator takes it. A last incomplete split counts.
 * @param logits_NK class logits of the samples
 */
export function inceptionScoreInOrder(logits_NK: Tensor, splitSize = inceptionSplit): InceptionScore {
  if (logits_NK.size(0) === 0) throw new UsageError('Inception Score: expected at least 1 sample, got 0; sample more');
  const scores = noGrad(() =>
    scope(() =>
      logits_NK.split(splitSize).map((part_NK) =>
        scope(() => {
          const log_NK = part_NK.to('float64').logSoftmax(1);
          const logMarginal_K = log_NK.logsumexp([0]).sub(Math.log(log_NK.size(0)));
          return Math.exp(log_NK.exp().mul(log_NK.sub(logMarginal_K)).sum([1]).mean().item());
        }),
      ),
    ),
  );
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/** The order of `count` samples that a shuffled score takes them in, int64 [N] on the CPU. */
export function shuffledOrder(count: number, seed: number): Tensor {
  using generator = new Generator(seedFor('inception score', seed));
  return randperm(count, { generator });
}

/** The same over splits of a seeded random order, which the order of the file cannot change much: every split has a fair draw of the samples. */
export function inceptionScoreShuffled(logits_NK: Tensor, seed: number, splitSize = inceptionSplit): InceptionScore {
  return scope(() => {
    const order_N = shuffledOrder(logits_NK.size(0), seed).to({ device: logits_NK.device });
    return inceptionScoreInOrder(logits_NK.indexSelect(0, order_N), splitSize);
  });
}
