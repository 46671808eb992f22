// Recall of halves of the samples: how far it would move if other samples had been drawn. A resample with repeats would not tell, since a sample's copy
// is its nearest neighbour and shrinks its ball to a point. Half of the samples without repeats have balls as they are, somewhat larger, and recall
// spreads over halves as it does over draws of all samples: the delete-d jackknife (Shao and Wu 1989, equation 2.4) with d = M / 2, whose factor
// (M − d) / d is 1. Distances are computed once: of each sample the nearest others, of each reference the samples whose balls it lies deepest in.
// Legend: N references, M samples, n drawn ones, D feature dimensions, R rows of a part, K nearest others, J samples around a reference.
import { arange, noGrad, ops, type Tensor, zeros } from '../torch/index.js';
import { type Resampled } from './bootstrap.js';
import { blocks, defaultTile, type TileSize } from './distances.js';
import { candidates, squaresTo } from './neighbours.js';
import { prepared } from './prepared.js';

// A random half holds fewer than 3 of 40 with a chance of 1e-9, and none of 64 with one of 5e-20.
const nearestKept = 40;
const aroundKept = 64;

/** The nearest others of each sample, by distance: numbers [M, K] and squared distances [M, K], float64; each itself is among them. */
function nearestOf(sample_MD: Tensor, { rows, columns }: TileSize): { near_MK: Tensor; square_MK: Tensor } {
  const parts = blocks(sample_MD, rows, (part) => {
    const part_RD = part.to('float64');
    const { index_RK, square_RK } = candidates(part_RD, sample_MD, nearestKept + 1, columns);
    const [sorted_RK, order_RK] = squaresTo(part_RD, sample_MD, index_RK).sort(1);
    const near_RK = index_RK.gather(1, order_RK);
    for (const one of [index_RK, square_RK]) one.dispose();
    return { near_RK, sorted_RK };
  });
  return {
    near_MK: ops.cat(parts.map(({ near_RK }) => near_RK), 0),
    square_MK: ops.cat(parts.map(({ sorted_RK }) => sorted_RK), 0),
  }; // prettier-ignore
}

/** Squared radii [M] of the balls that samples have among those drawn (bool [M]): to the k-th nearest drawn other one. */
function radiiAmong(
  drawn_M: Tensor,
  { near_MK, square_MK }: { near_MK: Tensor; square_MK: Tensor },
  k: number,
): Tensor {
  const [M, K] = near_MK.shape as [number, number];
  const self_M1 = arange(0, M, 1, { device: near_MK.device }).unsqueeze(1);
  const counted_MK = drawn_M.indexSelect(0, near_MK.flatten()).view([M, K]).logicalAnd(near_MK.ne(self_M1));
  const isKth_MK = counted_MK.logicalAnd(counted_MK.to('int64').cumsum(1).eq(k));
  const radius_M = square_MK.mul(isKth_MK).sum([1]);
  return ops.where(isKth_MK.anyDim(1), radius_M, square_MK.select(1, K - 1)); // too few are drawn: as far as is known
}

/**
 * Recall of references [N, D] by samples [M, D], of which halves are drawn.
 * @param k neighbours that a ball reaches to
 */
export function resampledRecall(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = 3,
  tile: TileSize = defaultTile,
): Resampled & Disposable {
  const count = sample_MD.size(0);
  const prepare = () => {
    const nearest = nearestOf(sample_MD, tile);
    const every_M = zeros([count], { dtype: 'bool', device: sample_MD.device }).logicalNot();
    const radius_M = radiiAmong(every_M, nearest, k).clampMin(Number.MIN_VALUE);
    const parts = blocks(reference_ND, tile.rows, (part) => {
      const part_RD = part.to('float64');
      const relative = (square_RC: Tensor, first: number) =>
        square_RC.div(radius_M.narrow(0, first, square_RC.size(1)));
      const { index_RK, square_RK } = candidates(part_RD, sample_MD, aroundKept, tile.columns, relative);
      const around_RJ = index_RK.clone();
      for (const one of [index_RK, square_RK]) one.dispose();
      return { around_RJ, square_RJ: squaresTo(part_RD, sample_MD, around_RJ) };
    });
    return {
      ...nearest,
      around_NJ: ops.cat(parts.map(({ around_RJ }) => around_RJ), 0),
      distance_NJ: ops.cat(parts.map(({ square_RJ }) => square_RJ), 0),
    }; // prettier-ignore
  };
  return {
    ...prepared(count, prepare, ({ around_NJ, distance_NJ, ...nearest }, index_n) =>
      noGrad(() => {
        const drawn_M = index_n.to({ device: sample_MD.device }).bincount(null, count).gt(0);
        const radius_M = radiiAmong(drawn_M, nearest, k);
        const [drawn_NJ, radius_NJ] = [drawn_M, radius_M].map((one) => one.indexSelect(0, around_NJ.flatten()).view(around_NJ.shape)); // prettier-ignore
        const inside_NJ = distance_NJ.le(radius_NJ!).logicalAnd(drawn_NJ!);
        return inside_NJ.anyDim(1).to('float64').mean().item();
      }),
    ),
    halves: true,
  };
}
