// Radii of nearest neighbours, and which points lie within them: what precision, recall, density and coverage have in common.
// The result is that of exact distances, whatever the size of a tile: see distances.ts.
// Legend: N centres, M points, D feature dimensions, R rows and C columns of a tile, P pairs, K candidates.
import { keep, noGrad, ops, scope, type Tensor, zeros } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { approximateSquares, blocks, defaultTile, exactSquares, pairsAtOnce, type TileSize } from './distances.js';

const spare = 8; // candidates besides the nearest ones

/** The smallest of each row so far, with the numbers of their columns. */
interface Nearest {
  square_RK: Tensor;
  index_RK: Tensor;
}

/**
 * The `most` nearest of all features to each of a part's (float64), up to rounding, in tensors that are kept.
 * @param scaled what to compare instead of squared distances [R, C]: e.g. those relative to radii, of columns from the given one on
 */
export function candidates(
  part_RD: Tensor,
  features_ND: Tensor,
  most: number,
  columns: number,
  scaled: (square_RC: Tensor, first: number) => Tensor = (square_RC) => square_RC,
): Nearest & { slack: number } {
  let nearest: Nearest | undefined;
  let slack = 0;
  blocks(features_ND, columns, (other_CD, first) => {
    const found = approximateSquares(part_RD, other_CD.to('float64'));
    slack = Math.max(slack, found.slack);
    const [tile_RK, column_RK] = scaled(found.square_RC, first).topk(Math.min(most, other_CD.size(0)), 1, false, false);
    const all_RK = nearest ? ops.cat([nearest.square_RK, tile_RK], 1) : tile_RK;
    const index_RK = nearest ? ops.cat([nearest.index_RK, column_RK.add(first)], 1) : column_RK.add(first);
    const [square_RK, at_RK] = all_RK.topk(Math.min(most, all_RK.size(1)), 1, false, false);
    for (const one of nearest ? [nearest.square_RK, nearest.index_RK] : []) one.dispose();
    nearest = { square_RK: keep(square_RK), index_RK: keep(index_RK.gather(1, at_RK)) };
  });
  return { ...nearest!, slack };
}

/** The k-th smallest (from 0) squared distance of one feature [D] to all, from differences alone [1]. */
function exactRow(row_D: Tensor, features_ND: Tensor, k: number): Tensor {
  const squares = blocks(features_ND, pairsAtOnce(row_D.size(0)), (part_RD) => exactSquares(part_RD, row_D.unsqueeze(0))); // prettier-ignore
  return ops
    .cat(squares, 0)
    .topk(k + 1, 0, false, true)[0]
    .narrow(0, k, 1);
}

/** Exact squared distances [R, K] of a part's features (float64) from those of the given numbers [R, K]. */
export function squaresTo(part_RD: Tensor, features_ND: Tensor, index_RK: Tensor): Tensor {
  const [K, D] = [index_RK.size(1), part_RD.size(1)];
  const exact = blocks(index_RK, Math.ceil(pairsAtOnce(D) / K), (index, first) => {
    const near = features_ND.indexSelect(0, index.reshape([-1])).view([-1, K, D]);
    return exactSquares(near, part_RD.narrow(0, first, index.size(0)).unsqueeze(1)).view([-1, K]);
  });
  return ops.cat(exact, 0);
}

/** Squared distances [R] of a part's features to their k-th nearest others. */
function radiiOf(part_RD: Tensor, features_ND: Tensor, k: number, columns: number): Tensor {
  const { square_RK, index_RK, slack } = candidates(part_RD, features_ND, k + 1 + spare, columns);
  const K = index_RK.size(1);
  const radius_R = squaresTo(part_RD, features_ND, index_RK).sort(1)[0].select(1, k).contiguous(); // itself, at distance 0, is the first
  const doubtful_R = radius_R.gt(square_RK.amax(1).sub(slack)).logicalAnd(radius_R.gt(0)); // one left out could be nearer
  for (const one of [square_RK, index_RK]) one.dispose();
  if (K === features_ND.size(0)) return radius_R;
  for (const row of doubtful_R.nonzero().toArray())
    scope(() => radius_R.narrow(0, row, 1).copy_(exactRow(part_RD.select(0, row), features_ND, k)));
  return radius_R;
}

/** Balls around features that reach to their k-th nearest others. */
export interface Balls {
  /** [N, D], the features as they were given */
  centres_ND: Tensor;
  /** Squared radii, float64 [N] */
  square_N: Tensor;
}

/**
 * The balls of a set's features (Kynkäänniemi et al. 2019, section 2; Naeem et al. 2020, section 2.2).
 * @throws UsageError where there are not more than k features, or some are not finite
 */
export function neighbourBalls(features_ND: Tensor, k: number, tile: TileSize = defaultTile): Balls {
  const count = features_ND.size(0);
  if (count <= k)
    throw new UsageError(`neighbours: expected more than ${k} images on either side, got ${count}; sample more`);
  return noGrad(() =>
    scope(() => ({
      centres_ND: features_ND,
      square_N: ops.cat(
        blocks(features_ND, tile.rows, (part_RD) => radiiOf(part_RD.to('float64'), features_ND, k, tile.columns)),
        0,
      ),
    })),
  );
}

/** Whose answer is asked for: once one pair of a point (a centre) is inside, its others are of no interest; `pair` asks for every one. */
type Asked = 'point' | 'centre' | 'pair';

/** Which pairs of a tile are inside [R, C], bool; with `point` or `centre`, some that are may be missing where another of theirs is there. */
function insideTile(point_RD: Tensor, centre_CD: Tensor, square_C: Tensor, closed: boolean, asked: Asked): Tensor {
  const { square_RC, slack } = approximateSquares(point_RD, centre_CD);
  const beyond_RC = square_RC.sub_(square_C);
  const inside_RC = beyond_RC.lt(-slack);
  let doubtful_RC = beyond_RC.le(slack).logicalAnd(inside_RC.logicalNot());
  if (!closed) doubtful_RC = doubtful_RC.logicalAnd(square_C.gt(0)); // nothing is nearer than 0
  const atOnce = pairsAtOnce(point_RD.size(1));
  for (;;) {
    if (asked !== 'pair') doubtful_RC = doubtful_RC.logicalAnd(inside_RC.anyDim(asked === 'point' ? 1 : 0, true).logicalNot()); // prettier-ignore
    if (doubtful_RC.any().item() === 0) return inside_RC;
    scope(() => {
      // in this order a batch has pairs of as many points (centres) as can be
      const pairs_P2 = asked === 'point' ? doubtful_RC.t().nonzero().flip([1]) : doubtful_RC.nonzero();
      const batch_P2 = pairs_P2.narrow(0, 0, Math.min(atOnce, pairs_P2.size(0)));
      const [row_P, column_P] = [batch_P2.select(1, 0), batch_P2.select(1, 1)];
      const exact_P = exactSquares(point_RD.indexSelect(0, row_P), centre_CD.indexSelect(0, column_P));
      const radius_P = square_C.indexSelect(0, column_P);
      inside_RC.indexPut_([row_P, column_P], closed ? exact_P.le(radius_P) : exact_P.lt(radius_P));
      doubtful_RC.indexPut_([row_P, column_P], zeros([1], { dtype: 'bool', device: row_P.device }));
    });
  }
}

/** Runs `body` on the inside of every tile. */
function eachTile(
  balls: Balls,
  points_MD: Tensor,
  how: { closed: boolean; asked: Asked; tile: TileSize },
  body: (inside_RC: Tensor, firstPoint: number, firstCentre: number) => void,
): void {
  blocks(points_MD, how.tile.rows, (part, firstPoint) => {
    const point_RD = part.to('float64');
    blocks(balls.centres_ND, how.tile.columns, (centre, firstCentre) => {
      const square_C = balls.square_N.narrow(0, firstCentre, centre.size(0));
      body(insideTile(point_RD, centre.to('float64'), square_C, how.closed, how.asked), firstPoint, firstCentre);
    });
  });
}

/** Which points lie in any ball, its surface included: bool [M]. */
export function inAnyBall(balls: Balls, points_MD: Tensor, tile: TileSize = defaultTile): Tensor {
  return noGrad(() =>
    scope(() => {
      const found_M = zeros([points_MD.size(0)], { dtype: 'bool', device: points_MD.device });
      eachTile(balls, points_MD, { closed: true, asked: 'point', tile }, (inside_RC, first) => {
        const part_R = found_M.narrow(0, first, inside_RC.size(0));
        part_R.copy_(part_R.logicalOr(inside_RC.anyDim(1)));
      });
      return found_M;
    }),
  );
}

/** How many balls each point lies in, int64 [M], and how many points each ball has, int64 [N]; surfaces excluded. */
export function tallyBalls(
  balls: Balls,
  points_MD: Tensor,
  tile: TileSize = defaultTile,
): { perPoint_M: Tensor; perCentre_N: Tensor } {
  return noGrad(() =>
    scope(() => {
      const none = (count: number) => zeros([count], { dtype: 'int64', device: points_MD.device });
      const [perPoint_M, perCentre_N] = [none(points_MD.size(0)), none(balls.centres_ND.size(0))];
      eachTile(balls, points_MD, { closed: false, asked: 'pair', tile }, (inside_RC, firstPoint, firstCentre) => {
        perPoint_M.narrow(0, firstPoint, inside_RC.size(0)).add_(inside_RC.sum([1]));
        perCentre_N.narrow(0, firstCentre, inside_RC.size(1)).add_(inside_RC.sum([0]));
      });
      return { perPoint_M, perCentre_N };
    }),
  );
}
