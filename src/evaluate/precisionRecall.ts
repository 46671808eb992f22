// Improved precision and recall (Kynkäänniemi et al. 2019): a sample is precise where it lies within the k-th-neighbour radius of some
// reference, a reference is recalled where it lies within that of some sample. Distances are computed in blocks, so memory stays bounded.
// Legend: N and M samples, D feature dimensions, R rows of a block.
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

const exact = 2; // libtorch's cdist without the matrix-product short cut, whose rounding could decide ties

function blocks<T>(features_ND: Tensor, size: number, body: (block_RD: Tensor) => T): T[] {
  const count = features_ND.size(0);
  const results: T[] = [];
  for (let start = 0; start < count; start += size)
    results.push(scope(() => body(features_ND.narrow(0, start, Math.min(size, count - start)))));
  return results;
}

/** Distance of each feature to its k-th nearest other one [N]. */
function radii(features_ND: Tensor, k: number, block: number): Tensor {
  const parts = blocks(features_ND, block, (part_RD) => {
    const [nearest_RK] = ops.cdist(part_RD, features_ND, 2, exact).topk(k + 1, 1, false); // itself, at distance 0, is the first
    return nearest_RK.select(1, k);
  });
  return ops.cat(parts, 0);
}

/** Share of `points` that lie within the radius of some centre. */
function covered(points_MD: Tensor, centres_ND: Tensor, radius_N: Tensor, block: number): number {
  const counts = blocks(points_MD, block, (part_RD) =>
    ops.cdist(part_RD, centres_ND, 2, exact).le(radius_N).anyDim(1).sum().item(),
  );
  return counts.reduce((a, b) => a + b, 0) / points_MD.size(0);
}

/** Precision and recall of `sample_MD` against `reference_ND`, both in [0, 1]. */
export function precisionRecall(
  reference_ND: Tensor,
  sample_MD: Tensor,
  k = 3,
  block = 1024,
): { precision: number; recall: number } {
  const fewest = Math.min(reference_ND.size(0), sample_MD.size(0));
  if (fewest <= k)
    throw new UsageError(
      `precision and recall: expected more than ${k} images on either side, got ${fewest}; sample more`,
    );
  return noGrad(() =>
    scope(() => {
      const [reference, sample] = [reference_ND.to('float32'), sample_MD.to('float32')];
      return {
        precision: covered(sample, reference, radii(reference, k, block), block),
        recall: covered(reference, sample, radii(sample, k, block), block),
      };
    }),
  );
}
