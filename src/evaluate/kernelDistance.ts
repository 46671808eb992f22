// Kernel distance: the squared maximum mean discrepancy of two sets of features under the kernel (x·y / D + 1)³, unbiased (Gretton et al. 2012,
// equation 3; Bińkowski et al. 2018, section 4, who call it KID on the pooled Inception features). Unlike a Fréchet distance, what it expects
// to be does not depend on the number of images.
// Legend: N and M samples, S of a subset, D feature dimensions, R and C rows and columns of a tile.
import { Generator, noGrad, ops, randperm, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';
import { blocks, defaultTile, type TileSize } from './distances.js';

/** (x·y / D + 1)³ from products of features, in place. */
const kernel = (product: Tensor, D: number): Tensor => product.div_(D).add_(1).pow_(3);

/** The kernel of each of [N, D] with each of [M, D]: [N, M], float64. */
export function kernelMatrix(a_ND: Tensor, b_MD: Tensor): Tensor {
  return kernel(a_ND.to('float64').matmul(b_MD.to('float64').t()), a_ND.size(1));
}

/** The mean of each of [N, D] with all of [M, D]: [N], float64, in tiles. */
export function kernelMeans(a_ND: Tensor, b_MD: Tensor, { rows, columns }: TileSize): Tensor {
  const parts = blocks(a_ND, rows, (a) => {
    const a_RD = a.to('float64');
    const sums = blocks(b_MD, columns, (b) => kernelMatrix(a_RD, b).sum([1]));
    return sums.reduce((sum, one) => sum.add(one));
  });
  return ops.cat(parts, 0).div(b_MD.size(0));
}

/** Sum of the kernel over all pairs of two sets of features, in float64; without each with itself where `skipDiagonal`, for two equal sets. */
export function kernelSum(a_ND: Tensor, b_MD: Tensor, tile: TileSize, skipDiagonal = false): number {
  return noGrad(() =>
    scope(() => {
      const all = kernelMeans(a_ND, b_MD, tile).sum().item() * b_MD.size(0);
      if (!skipDiagonal) return all;
      const diagonal = blocks(a_ND, tile.rows, (part) => kernel(part.to('float64').square().sum([1]), part.size(1)).sum().item()); // prettier-ignore
      return all - diagonal.reduce((sum, one) => sum + one, 0);
    }),
  );
}

/**
 * The unbiased estimate from all pairs of features [N, D] and [M, D], at least two each, in tiles; it can be below 0.
 * @throws UsageError where a set has fewer than two, or widths differ
 */
export function kernelDistance(a_ND: Tensor, b_MD: Tensor, tile: TileSize = defaultTile): number {
  const [N, M] = [a_ND.size(0), b_MD.size(0)];
  if (Math.min(N, M) < 2)
    throw new UsageError(`kernel distance: expected at least 2 images on either side, got ${Math.min(N, M)}; sample more`); // prettier-ignore
  if (a_ND.size(1) !== b_MD.size(1))
    throw new UsageError(`kernel distance: expected features of one width, got ${a_ND.size(1)} and ${b_MD.size(1)}; compare those of one network`); // prettier-ignore
  return noGrad(() =>
    scope(() => {
      const [own, others] = [kernelSum(a_ND, a_ND, tile, true), kernelSum(b_MD, b_MD, tile, true)];
      return own / (N * (N - 1)) + others / (M * (M - 1)) - (2 * kernelSum(a_ND, b_MD, tile)) / (N * M);
    }),
  );
}

/** Which subsets are drawn. */
export interface SubsetOptions {
  seed: number;
  /** 100 */
  subsets?: number;
  /** Images of a subset: 1000, or as many as the smaller set has. */
  size?: number;
}

/** A mean over subsets, their standard deviation (population's), and the size that they had. */
export interface SubsetDistance {
  mean: number;
  deviation: number;
  size: number;
}

/**
 * The mean of the unbiased estimates of random subsets, each drawn without replacement from either set, as Bińkowski's, torch-fidelity's and
 * clean-fid's programs take KID (100 subsets of 1000). The deviation is that of one subset's estimate, not the mean's error.
 */
export function subsetKernelDistance(
  a_ND: Tensor,
  b_MD: Tensor,
  { seed, subsets = 100, size = 1000 }: SubsetOptions,
): SubsetDistance {
  const drawn = Math.min(size, a_ND.size(0), b_MD.size(0));
  using generator = new Generator(seedFor('kernel distance', seed));
  const draw = (all: Tensor) =>
    all.indexSelect(0, randperm(all.size(0), { generator }).narrow(0, 0, drawn).to({ device: all.device }));
  const found = Array.from({ length: subsets }, () => scope(() => kernelDistance(draw(a_ND), draw(b_MD))));
  const mean = found.reduce((sum, one) => sum + one, 0) / subsets;
  const variance = found.reduce((sum, one) => sum + (one - mean) ** 2, 0) / subsets;
  return { mean, deviation: Math.sqrt(variance), size: drawn };
}
