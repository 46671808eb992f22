// How much of held-out images a tokenizer keeps: PSNR and code usage of every scale, and a picture.
// Legend: B images, n side of a decoded picture.
import { batch, type ImageSet } from '../data/index.js';
import { decibels, type Png } from '../evaluate/index.js';
import { areaResize } from '../nn/index.js';
import { picturesOf, type Scale, type Tokenizer, usedShare } from '../tokenizers/index.js';
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { reconstructionGrid } from './pictures.js';
import { checkScales } from './trainTokenizer.js';

/** One scale's figures. */
export interface ScaleReconstruction {
  scale: Scale;
  /** Peak signal-to-noise ratio in dB, over all pixels, against the image resized alike by area. */
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

/** Reconstructs the first `count` images of a set after every scale. */
export async function reconstructionReport(
  tokenizer: Tokenizer,
  set: ImageSet,
  scales: readonly number[],
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
        picturesOf(tokenizer, found, scales).forEach((decoded_B3nn, i) => {
          const picture_B3nn = decoded_B3nn.clamp(-1, 1);
          const target_B3nn = areaResize(image_B3HW, [picture_B3nn.size(2), picture_B3nn.size(3)]);
          squaredErrors[i]! += ops.mseLoss(picture_B3nn, target_B3nn).item() * chosen.length;
        });
        return found;
      }),
    );
    tokens.forEach((indices_BN, i) => indices[i]!.push(indices_BN));
  }
  const report = scales.map((scale, i) => ({
    scale,
    psnr: decibels(squaredErrors[i]! / count, peak),
    usage: usedShare(indices[i]!, tokenizer.vocabularySize),
  }));
  for (const one of indices.flat()) one.dispose();
  const first = Array.from({ length: Math.min(10, count) }, (_, i) => i);
  return { images: count, scales: report, grid: await reconstructionGrid(tokenizer, set, first, scales) };
}
