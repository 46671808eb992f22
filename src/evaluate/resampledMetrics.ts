// The metrics as functions of resampled images, for bootstraps and extrapolations; what does not depend on the resample is computed once.
// Legend: N references, M samples, n drawn ones, D feature dimensions, R rows of a part, K nearest samples or classes.
import { ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { Resampled } from './bootstrap.js';
import { densityNeighbours } from './densityCoverage.js';
import { blocks, defaultTile, type TileSize } from './distances.js';
import { FrechetFrom } from './frechet.js';
import { inceptionScoreInOrder, inceptionSplit, shuffledOrder } from './inceptionScore.js';
import { kernelMatrix, kernelMeans, kernelSum } from './kernelDistance.js';
import { candidates, inAnyBall, neighbourBalls, squaresTo, tallyBalls } from './neighbours.js';
import { prepared } from './prepared.js';
import { resampledRecall } from './recallOfHalves.js';
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

/** Samples up to which the noise of a kernel distance is found: their kernel matrix takes 2 GiB, the most that a figure holds. */
export const mostKernelImages = 16_384;

/**
 * The unbiased kernel distance of all references [N, D] and a resample of the samples [M, D], by their kernels, which are computed once: 8 M² bytes.
 * @throws UsageError with more than 16,384 samples
 */
export function resampledKernelDistance(
  reference_ND: Tensor,
  sample_MD: Tensor,
  tile: TileSize = defaultTile,
): Resampled {
  const [N, count] = [reference_ND.size(0), sample_MD.size(0)];
  if (count > mostKernelImages)
    throw new UsageError(`kernel distance: expected at most ${mostKernelImages} images to be resampled, got ${count}; take the noise of fewer`); // prettier-ignore
  let own: number | undefined;
  const kernels = () => {
    own = kernelSum(reference_ND, reference_ND, tile, true) / (N * (N - 1));
    return { kernel_MM: kernelMatrix(sample_MD, sample_MD), cross_M: kernelMeans(sample_MD, reference_ND, tile) };
  };
  return prepared(count, kernels, ({ kernel_MM, cross_M }, index_n) => {
    const drawn = index_n.size(0);
    const times_M = index_n.bincount(null, count).to('float64');
    const pairs = times_M.dot(kernel_MM.mv(times_M)).item() - times_M.dot(kernel_MM.diagonal()).item();
    return own! + pairs / (drawn * (drawn - 1)) - (2 * times_M.dot(cross_M).item()) / drawn;
  });
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

/** Precision of samples [M, D] among references [N, D], and recall of the references: of both, other samples are drawn, of recall halves of them. */
export function resampledPrecisionRecall(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = 3,
  tile: TileSize = defaultTile,
): { precision: Resampled; recall: Resampled } {
  const isPrecise = () => ({ precise_M: inAnyBall(neighbourBalls(reference_ND, k, tile), sample_MD, tile) });
  return {
    precision: prepared(sample_MD.size(0), isPrecise, ({ precise_M }, index_n) => meanAt(precise_M, index_n)),
    recall: resampledRecall(reference_ND, sample_MD, k, tile),
  };
}

/** The mean of chosen ones of some numbers or truth values. */
const meanAt = (values_M: Tensor, index_n: Tensor): number =>
  values_M
    .indexSelect(0, index_n.to({ device: values_M.device }))
    .to('float64')
    .mean()
    .item();

// A resample of all images leaves each of 64 out with a chance of e^−64.
const nearestKept = 64;

/** The samples nearest to each reference, by number, and whether they lie in its ball: [N, K], K at most 64. */
function nearestInBalls(reference_ND: Tensor, sample_MD: Tensor, k: number, tile: TileSize) {
  const { square_N } = neighbourBalls(reference_ND, k, tile);
  const parts = blocks(reference_ND, tile.rows, (part, first) => {
    const part_RD = part.to('float64');
    const { index_RK, square_RK } = candidates(part_RD, sample_MD, nearestKept, tile.columns);
    square_RK.dispose();
    const radius_R1 = square_N.narrow(0, first, part.size(0)).unsqueeze(1);
    return { near_RK: index_RK, inside_RK: squaresTo(part_RD, sample_MD, index_RK).lt(radius_R1) };
  });
  const joined = {
    near_NK: ops.cat(parts.map(({ near_RK }) => near_RK), 0),
    inside_NK: ops.cat(parts.map(({ inside_RK }) => inside_RK), 0),
  }; // prettier-ignore
  for (const { near_RK } of parts) near_RK.dispose();
  return joined;
}

/** Density and coverage of samples [M, D], which are resampled, by references [N, D], which are not; dispose of both. */
export function resampledDensityCoverage(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = densityNeighbours,
  tile: TileSize = defaultTile,
): { density: Resampled; coverage: Resampled } {
  const count = sample_MD.size(0);
  const perPoint = () => ({
    perPoint_M: tallyBalls(neighbourBalls(reference_ND, k, tile), sample_MD, tile).perPoint_M,
  });
  const nearest = () => nearestInBalls(reference_ND, sample_MD, k, tile);
  const density = prepared(count, perPoint, ({ perPoint_M }, index_n) => meanAt(perPoint_M, index_n) / k);
  const coverage = prepared(count, nearest, ({ near_NK, inside_NK }, index_n) => {
    const drawn_M = index_n.bincount(null, count).gt(0).to({ device: near_NK.device });
    const drawn_NK = drawn_M.indexSelect(0, near_NK.flatten()).view(near_NK.shape);
    return drawn_NK.logicalAnd(inside_NK).anyDim(1).to('float64').mean().item();
  });
  return { density, coverage };
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
