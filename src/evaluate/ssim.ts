// Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004): local means, variances and covariance compared under a Gaussian window.
// Legend: B images, H and W their sides, h and w those of the region where the window fits, c channel, m map.
import { noGrad, ops, scope, type Tensor, tensor } from '../torch/index.js';
import { checkPairs } from './pairs.js';

const windowSide = 11;
const deviation = 1.5;
const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];

/** The window along one axis; the whole one is its outer product. */
function gaussian(): number[] {
  const weights = Array.from({ length: windowSide }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * deviation ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** Weighted means under the window of each map [m, H, W] → [m, h, w], where it fits. */
function blur(x_mHW: Tensor, weights: Tensor): Tensor {
  const rows_m1hW = ops.conv2d(x_mHW.unsqueeze(1), weights.view([1, 1, windowSide, 1]));
  return ops.conv2d(rows_m1hW, weights.view([1, 1, 1, windowSide])).squeeze(1);
}

/** Mean similarity [] of one pair [c, H, W], the mean of its channels'. */
function similarity(a_cHW: Tensor, b_cHW: Tensor, weights: Tensor): Tensor {
  const maps = ops.cat([a_cHW, b_cHW, a_cHW.square(), b_cHW.square(), a_cHW.mul(b_cHW)], 0);
  const [meanA, meanB, squareA, squareB, product] = blur(maps, weights).chunk(5, 0) as [Tensor, Tensor, Tensor, Tensor, Tensor]; // prettier-ignore
  const means = meanA.mul(meanB);
  const meanSquares = meanA.square().add(meanB.square());
  const variances = squareA.add(squareB).sub(meanSquares);
  const luminance = means.mul(2).add(c1).div(meanSquares.add(c1));
  const structure = product.sub(means).mul(2).add(c2).div(variances.add(c2));
  return luminance.mul(structure).mean();
}

/**
 * SSIM of each pair of 8-bit images (uint8 [B, 3, H, W], sides of at least 11): 11 × 11 Gaussian window of deviation 1.5, K₁ 0.01, K₂ 0.03, range
 * 255, population moments in float64, the window wholly inside the image, the mean of the channels. 1 for equal images.
 */
export function ssim(a_B3HW: Tensor, b_B3HW: Tensor): number[] {
  checkPairs('ssim', a_B3HW, b_B3HW, windowSide);
  return noGrad(() =>
    scope(() => {
      const weights = tensor(gaussian(), { dtype: 'float64', device: a_B3HW.device });
      const each = Array.from({ length: a_B3HW.size(0) }, (_, i) =>
        scope(() => similarity(a_B3HW.select(0, i).to('float64'), b_B3HW.select(0, i).to('float64'), weights)),
      );
      return ops.stack(each, 0).toArray();
    }),
  );
}
