// The metrics as functions of resampled images, for bootstraps and extrapolations; what does not depend on the resample is computed once.
// Legend: N references, M samples, n drawn ones, D feature dimensions, K classes, P pairs.
import { keep, noGrad, scope, type Tensor, zeros } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { Resampled } from './bootstrap.js';
import { densityNeighbours } from './densityCoverage.js';
import { defaultTile, type TileSize } from './distances.js';
import { FrechetFrom } from './frechet.js';
import { inceptionScoreInOrder, inceptionSplit, shuffledOrder } from './inceptionScore.js';
import { kernelMatrix, kernelMeans, kernelSum } from './kernelDistance.js';
import { inAnyBall, neighbourBalls, pairsInBalls } from './neighbours.js';
import { type FeatureStatistics, statisticsAt } from './statistics.js';

/**
 * The Fréchet distance of samples [M, D] from a reference's statistics. A replicate takes one eigenvalue decomposition and the statistics; at 2048
 * dimensions these are seconds, so that tens of replicates are what one waits for.
 */
export function resampledFrechet(reference: FeatureStatistics | FrechetFrom, features_MD: Tensor): Resampled {
  const from = reference instanceof FrechetFrom ? reference : new FrechetFrom(reference);
  return {
    count: features_MD.size(0),
    of: (index_n) => scope(() => from.distance(statisticsAt(features_MD, index_n))),
  };
}

const mostKernelImages = 16_384; // whose kernel matrix takes 2 GiB

/**
 * The unbiased kernel distance of all references [N, D] and a resample of the samples [M, D], by their kernels, which are computed once: 8 M² bytes.
 * @throws UsageError with more than 16,384 samples
 */
export function resampledKernelDistance(
  reference_ND: Tensor,
  sample_MD: Tensor,
  tile: TileSize = defaultTile,
): Resampled {
  const count = sample_MD.size(0);
  if (count > mostKernelImages)
    throw new UsageError(`kernel distance: expected at most ${mostKernelImages} images to be resampled, got ${count}; take the noise of fewer`); // prettier-ignore
  const own = kernelSum(reference_ND, reference_ND, tile, true) / (reference_ND.size(0) * (reference_ND.size(0) - 1));
  const [kernel_MM, cross_M] = noGrad(() => scope(() => [kernelMatrix(sample_MD, sample_MD), kernelMeans(sample_MD, reference_ND, tile)].map(keep))) as [Tensor, Tensor]; // prettier-ignore
  const of = (index_n: Tensor) =>
    noGrad(() =>
      scope(() => {
        const drawn = index_n.size(0);
        const times_M = index_n.bincount(null, count).to('float64');
        const pairs = times_M.dot(kernel_MM.mv(times_M)).item() - times_M.dot(kernel_MM.diagonal()).item();
        return own + pairs / (drawn * (drawn - 1)) - (2 * times_M.dot(cross_M).item()) / drawn;
      }),
    );
  return { count, of };
}

/** The mean of one number an image [M]: whether a sample is precise, whether a reference is recalled, whether a class is as asked for. */
export function resampledMean(values_M: Tensor): Resampled {
  const values = values_M.toArray();
  return {
    count: values.length,
    of: (index_n) => {
      const index = index_n.toArray();
      return index.reduce((sum, at) => sum + values[at]!, 0) / index.length;
    },
  };
}

/**
 * Precision of the samples [M, D] and recall of the references [N, D]: precision resamples samples, recall references, whose shares they are. A
 * resample of what has balls around it would shrink them, as the copy of an image is its nearest neighbour.
 */
export function resampledPrecisionRecall(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = 3,
  tile: TileSize = defaultTile,
): { precision: Resampled; recall: Resampled } {
  return scope(() => {
    const share = (centres: Tensor, points: Tensor) => resampledMean(inAnyBall(neighbourBalls(centres, k, tile), points, tile)); // prettier-ignore
    return { precision: share(reference_ND, sample_MD), recall: share(sample_MD, reference_ND) };
  });
}

/** Density and coverage of samples [M, D], which are resampled, by references [N, D], which are not. */
export function resampledDensityCoverage(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = densityNeighbours,
  tile: TileSize = defaultTile,
): { density: Resampled; coverage: Resampled } {
  const [N, count] = [reference_ND.size(0), sample_MD.size(0)];
  const pairs_P2 = scope(() => keep(pairsInBalls(neighbourBalls(reference_ND, k, tile), sample_MD, tile).to({ device: 'cpu' }))); // prettier-ignore
  const [point_P, centre_P] = [pairs_P2.select(1, 0), pairs_P2.select(1, 1)].map(keep) as [Tensor, Tensor];
  pairs_P2.dispose();
  /** How often each pair comes in a resample [P]. */
  const times = (index_n: Tensor) => index_n.bincount(null, count).indexSelect(0, point_P);
  const measure = (body: (times_P: Tensor, drawn: number) => number) => (index_n: Tensor) =>
    noGrad(() => scope(() => body(times(index_n), index_n.size(0))));
  return {
    density: { count, of: measure((times_P, drawn) => times_P.sum().item() / (k * drawn)) },
    coverage: {
      count,
      of: measure((times_P) => {
        const perCentre_N = zeros([N], { dtype: 'int64' }).indexAdd_(0, centre_P, times_P);
        return perCentre_N.gt(0).sum().item() / N;
      }),
    },
  };
}

/**
 * The shuffled Inception Score of class logits [M, K]: samples have the numbers of their places in its seeded order, so that all of them score as
 * `inceptionScoreShuffled` has it. In the order of a file that is sorted by class they would score lower than any resample.
 */
export function resampledInceptionScore(logits_MK: Tensor, seed: number, splitSize = inceptionSplit): Resampled {
  const count = logits_MK.size(0);
  const of = (index_n: Tensor) =>
    scope(() => {
      const order_n = shuffledOrder(count, seed).indexSelect(0, index_n).to({ device: logits_MK.device });
      return inceptionScoreInOrder(logits_MK.indexSelect(0, order_n), splitSize).mean;
    });
  return { count, of };
}
