// Density and coverage (Naeem, Oh, Uh, Choi and Yoo 2020, equations 4 and 5): how many references' balls a sample lies in, relative to k, and the share
// of references whose ball has a sample in it. Only references have balls, so outliers among the samples do no harm. As in the authors' program a
// ball is without its surface: the density of a set in itself is then 1.
// Legend: N references, M samples, D feature dimensions.
import { scope, type Tensor } from '../torch/index.js';
import { defaultTile, type TileSize } from './distances.js';
import { neighbourBalls, tallyBalls } from './neighbours.js';

/** Neighbours that the paper recommends. */
export const densityNeighbours = 5;

/**
 * Density (0 and above, about 1 where both are of one distribution) and coverage (in [0, 1]) of samples [M, D] by references [N, D].
 * @throws UsageError where there are not more than k references, or features are not finite
 */
export function densityCoverage(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = densityNeighbours,
  tile: TileSize = defaultTile,
): { density: number; coverage: number } {
  return scope(() => {
    const { perPoint_M, perCentre_N } = tallyBalls(neighbourBalls(reference_ND, k, tile), sample_MD, tile);
    return {
      density: perPoint_M.to('float64').mean().item() / k,
      coverage: perCentre_N.gt(0).to('float64').mean().item(),
    };
  });
}
