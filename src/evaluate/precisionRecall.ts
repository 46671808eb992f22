// Improved precision and recall (Kynkäänniemi et al. 2019, equations 1 and 2): a sample is precise where it lies within the k-th-neighbour radius of
// some reference, a reference is recalled where it lies within that of some sample. ADM's evaluator takes both so, with k = 3, but has distances in
// float16, which moves images that lie near a radius.
// Legend: N references, M samples, D feature dimensions.
import { scope, type Tensor } from '../torch/index.js';
import { defaultTile, type TileSize } from './distances.js';
import { inAnyBall, neighbourBalls } from './neighbours.js';

const share = (found: Tensor): number => found.to('float64').mean().item();

/**
 * Precision and recall of samples [M, D] against references [N, D], both in [0, 1].
 * @throws UsageError where there are not more than k on either side, or features are not finite
 */
export function precisionRecall(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = 3,
  tile: TileSize = defaultTile,
): { precision: number; recall: number } {
  return scope(() => {
    const [references, samples] = [reference_ND, sample_MD].map((one) => neighbourBalls(one, k, tile));
    return {
      precision: share(inAnyBall(references!, sample_MD, tile)),
      recall: share(inAnyBall(samples!, reference_ND, tile)),
    };
  });
}
