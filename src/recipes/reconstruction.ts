// How much of held-out images a tokenizer keeps: PSNR and code usage of every scale, and a picture.
// Legend: B images, n side of a decoded picture.
import { batch, type ImageSet } from '../data/index.js';
import type { Png } from '../evaluate/index.js';
import { areaResize } from '../nn/index.js';
import { type FlexVarTokenizer, type Scales, usedShare } from '../tokenizers/index.js';
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { reconstructionGrid } from './pictures.js';
import { checkScales } from './trainTokenizer.js';

/** One scale's figures. */
export interface ScaleReconstruction {
  side: number;
  /** Peak signal-to-noise ratio in dB, over all pixels, against the image resized to the scale by area. */
  psnr: number;
  /** Share of the codes that occur. */
  usage: number;
}

/** The figures of some images, and a picture of the first of them. */
export interface ReconstructionReport {
  images: number;
  scales: ScaleReconstruction[];
  grid: Png;
}

const atOnce = 100;
const peak = 2; // pixels lie in [−1, 1]

/** Reconstructs the first `count` images of a set from every scale on its own. */
export async function reconstructionReport(
  tokenizer: FlexVarTokenizer,
  set: ImageSet,
  scales: Scales,
  count: number,
): Promise<ReconstructionReport> {
  checkScales(scales, set.height, tokenizer.stride);
  const squaredErrors = scales.map(() => 0);
  const indices: Tensor[][] = scales.map(() => []);
  for (let start = 0; start < count; start += atOnce) {
    const chosen = Array.from({ length: Math.min(atOnce, count - start) }, (_, i) => start + i);
    const tokens = noGrad(() =>
      scope(() => {
        const { image_B3HW } = batch(set, chosen);
        const found = tokenizer.quantise(tokenizer.encode(image_B3HW), scales);
        found.forEach((indices_BN, i) => {
          const picture_B3nn = tokenizer.decodeScale(indices_BN, scales[i]!).clamp(-1, 1);
          const target_B3nn = areaResize(image_B3HW, scales[i]! * tokenizer.stride);
          squaredErrors[i]! += ops.mseLoss(picture_B3nn, target_B3nn).item() * chosen.length;
        });
        return found;
      }),
    );
    tokens.forEach((indices_BN, i) => indices[i]!.push(indices_BN));
  }
  const report = scales.map((side, i) => ({
    side,
    psnr: 10 * Math.log10(peak ** 2 / (squaredErrors[i]! / count)),
    usage: usedShare(indices[i]!, tokenizer.vocabularySize),
  }));
  for (const one of indices.flat()) one.dispose();
  const first = Array.from({ length: Math.min(10, count) }, (_, i) => i);
  return { images: count, scales: report, grid: await reconstructionGrid(tokenizer, set, first, scales) };
}
