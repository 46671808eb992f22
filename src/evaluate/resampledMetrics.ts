// The metrics as functions of resampled images, for bootstraps and extrapolations; what does not depend on the resample is computed once.
// Legend: N references, M samples, n drawn ones, D feature dimensions, K classes, P pairs.
import { keep, noGrad, scope, type Tensor, zeros } from '../torch/index.js';
import type { Resampled } from './bootstrap.js';
import { densityNeighbours } from './densityCoverage.js';
import { defaultTile, type TileSize } from './distances.js';
import { FeatureMoments, rowsPerChunk } from './featureMoments.js';
import { FrechetFrom } from './frechet.js';
import { inceptionScoreInOrder, inceptionSplit } from './inceptionScore.js';
import { inAnyBall, neighbourBalls, pairsInBalls } from './neighbours.js';
import { type FeatureStatistics, statisticsOfMoments } from './statistics.js';

/** Statistics of the features [M, D] of some numbers, gathered chunk by chunk. */
function statisticsAt(features_MD: Tensor, index_n: Tensor): FeatureStatistics {
  using moments = new FeatureMoments(features_MD.size(1));
  const count = index_n.size(0);
  for (let first = 0; first < count; first += rowsPerChunk)
    scope(() => {
      const part = index_n.narrow(0, first, Math.min(rowsPerChunk, count - first)).to({ device: features_MD.device });
      moments.add(first, features_MD.indexSelect(0, part));
    });
  return statisticsOfMoments(moments.whole());
}

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

/** Inception Score of class logits [M, K], in the order that a resample draws them: a shuffled one. */
export function resampledInceptionScore(logits_MK: Tensor, splitSize = inceptionSplit): Resampled {
  const of = (index_n: Tensor) =>
    scope(() => inceptionScoreInOrder(logits_MK.indexSelect(0, index_n.to({ device: logits_MK.device })), splitSize).mean); // prettier-ignore
  return { count: logits_MK.size(0), of };
}
