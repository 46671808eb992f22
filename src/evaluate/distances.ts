// Squared distances between features in tiles, so that memory stays bounded, in two ways: fast, by a matrix product, with a bound of what rounding
// can have changed; and exact, from differences, for the pairs where that could decide. Ties above all: duplicates lie at distance 0, and a copy of
// a neighbour lies on the very radius; the same numbers always give the same exact distance.
// Legend: N rows of a tensor, D feature dimensions, R rows and C columns of a tile, P pairs.
import { ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** Rows and columns of a tile. */
export interface TileSize {
  rows: number;
  columns: number;
}

/** 32 MiB of squared distances. */
export const defaultTile: TileSize = { rows: 1024, columns: 4096 };

/** How many pairs of features D wide are computed exactly at once: 32 MiB of differences. */
export const pairsAtOnce = (D: number): number => Math.max(1, Math.floor(2 ** 22 / D));

/** Squared distances [P] of pairs of features, whose shapes [..., D] broadcast, in float64, from their differences. */
export function exactSquares(a: Tensor, b: Tensor): Tensor {
  const difference = a.to('float64').sub(b.to('float64'));
  return difference.square().flatten(0, -2).sum([1]);
}

/** Runs `body` on consecutive rows of a tensor, in a scope of its own. */
export function blocks<T>(all_N: Tensor, size: number, body: (part_R: Tensor, first: number) => T): T[] {
  const count = all_N.size(0);
  const results: T[] = [];
  for (let first = 0; first < count; first += size)
    results.push(scope(() => body(all_N.narrow(0, first, Math.min(size, count - first)), first)));
  return results;
}

/** Squared distances of a tile's rows and columns [R, C], both float64, and the most that rounding can have changed any of them. */
export function approximateSquares(a_RD: Tensor, b_CD: Tensor): { square_RC: Tensor; slack: number } {
  const [a_R, b_C] = [a_RD, b_CD].map((part) => part.square().sum([1])) as [Tensor, Tensor];
  const square_RC = ops.addmm(b_C, a_RD, b_CD.t(), { alpha: -2 }).add_(a_R.unsqueeze(1));
  const largest = a_R.amax().item() + b_C.amax().item();
  if (!Number.isFinite(largest))
    throw new UsageError('distances: expected finite features, got infinities or NaN; look at the images they are of');
  // D u bounds a product's error relative to |a||b| (Higham 2002, section 3.1); norms and sums add about as much again
  return { square_RC, slack: 4 * (a_RD.size(1) + 4) * 2 ** -53 * largest };
}
