// Peak signal-to-noise ratio: how far two pictures lie apart, pixel by pixel.
// Legend: B images, H and W their sides.
import { noGrad, scope, type Tensor } from '../torch/index.js';
import { checkPairs } from './pairs.js';

/** 10 log₁₀(peak² / mean squared error) in dB; infinite where there is no error. */
export function decibels(meanSquaredError: number, peak: number): number {
  return 10 * Math.log10(peak ** 2 / meanSquaredError);
}

/** PSNR in dB of each pair of 8-bit images (uint8 [B, 3, H, W]), over all its pixels and channels. */
export function psnr(a_B3HW: Tensor, b_B3HW: Tensor): number[] {
  checkPairs('psnr', a_B3HW, b_B3HW);
  return noGrad(() =>
    scope(() => {
      const errors_B = a_B3HW.to('float64').sub(b_B3HW.to('float64')).square().mean([1, 2, 3]);
      return errors_B.toArray().map((error) => decibels(error, 255));
    }),
  );
}
