// How much of images a tokenizer keeps: PSNR, SSIM and code usage by scale, and a distance of features between originals and reconstructions.
// Legend: B images, N tokens of a scale, n side of a decoded picture, D features.
import { batch, type ImageSet, toBytes } from '../data/index.js';
import { type Cell, cellsOf, frechetDistance, psnr, ssim } from '../evaluate/index.js';
import { areaResize } from '../nn/index.js';
import { picturesOf, sameScale, type Scale, type Scales, scalesText, type Tokenizer } from '../tokenizers/index.js';
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { progress } from '../util/progress.js';
import { type EvaluationNetwork, outputOf } from './evaluate/network.js';

/** One scale's figures; those of pictures are means over images, which are compared as 8-bit ones with the originals, resized alike by area. */
export interface ScaleReconstruction {
  scale: Scale;
  /** Share of the codes that occur at this scale. */
  usage: number;
  /** Peak signal-to-noise ratio in dB; absent where the scale was not decoded. */
  psnr?: number;
  /** Structural similarity; absent also where a side is below its window's 11 pixels. */
  ssim?: number;
}

/** The figures of some images. */
export interface ReconstructionReport {
  images: number;
  scales: ScaleReconstruction[];
  /** Fréchet distance of the reconstructions from the originals, and what it is called; absent where no features were given. */
  distance?: { name: string; value: number };
}

/** What is reconstructed, and what is asked of it. */
export interface ReconstructionOptions {
  scales: Scales;
  /** Images, from the set's first on. */
  count: number;
  /** Images at once. */
  batchSize?: number;
  device?: string;
  /** Decode and measure every scale, not the last alone. */
  everyScale?: boolean;
  /** In whose features originals and reconstructions are compared too. */
  features?: Pick<EvaluationNetwork, 'distance' | 'features'> | undefined;
  /** Takes each reconstruction, in order. */
  take?: ((picture: Cell, index: number) => Promise<void>) | undefined;
}

const smallestForSsim = 11;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What has been measured of one scale. */
class Tally {
  readonly #codes = new Set<number>();
  readonly #psnr: number[] = [];
  readonly #ssim: number[] = [];

  use(indices_BN: Tensor): void {
    for (const code of indices_BN.toArray()) this.#codes.add(code);
  }

  compare(picture_B3nn: Tensor, image_B3HW: Tensor): void {
    const [height, width] = [picture_B3nn.size(2), picture_B3nn.size(3)];
    const [found, wanted] = [picture_B3nn, areaResize(image_B3HW, [height, width])].map(toBytes) as [Tensor, Tensor];
    this.#psnr.push(...psnr(found, wanted));
    if (Math.min(height, width) >= smallestForSsim) this.#ssim.push(...ssim(found, wanted));
  }

  figures(scale: Scale, vocabularySize: number): ScaleReconstruction {
    return {
      scale,
      usage: this.#codes.size / vocabularySize,
      ...(this.#psnr.length && { psnr: mean(this.#psnr) }),
      ...(this.#ssim.length && { ssim: mean(this.#ssim) }),
    };
  }
}

/** The picture after all scales [B, 3, H, W]. */
function lastPicture(tokenizer: Tokenizer, indices: readonly Tensor[], scales: Scales): Tensor {
  using pyramid = tokenizer.pyramid(scales);
  for (const one of indices) pyramid.push(one);
  return pyramid.image();
}

function check(tokenizer: Tokenizer, set: ImageSet, { scales, count, batchSize = 1 }: ReconstructionOptions): void {
  const latent = [set.height / tokenizer.stride, set.width / tokenizer.stride] as const;
  if (!scales.length || !sameScale(scales.at(-1)!, latent))
    throw new UsageError(
      `reconstruct: images of ${set.width} x ${set.height} pixels with stride ${tokenizer.stride} need scales that end at ${latent.join('x')}, got ${scalesText(scales)}; change the scales or the size`,
    );
  if (count < 1 || batchSize < 1)
    throw new UsageError(`reconstruct: expected at least 1 image, in batches of at least 1, got ${count} in batches of ${batchSize}`); // prettier-ignore
}

/** Takes images to tokens and back, batch after batch, and measures what comes out. */
export async function reconstructionReport(
  tokenizer: Tokenizer,
  set: ImageSet,
  options: ReconstructionOptions,
): Promise<ReconstructionReport> {
  check(tokenizer, set, options);
  const { scales, count, batchSize = 50, device = 'cpu', everyScale = false, features, take } = options;
  const tallies = scales.map(() => new Tally());
  const kept: { original_BD: Tensor; found_BD: Tensor }[] = [];
  const bar = progress({ label: 'reconstructing', total: count, unit: 'images' });

  /** Measures one batch; its reconstructions, where somebody takes them. */
  const measure = (chosen: readonly number[]): { cells: Cell[]; both?: { original_BD: Tensor; found_BD: Tensor } } => {
    const image_B3HW = batch(set, chosen).image_B3HW.to({ device });
    const indices = tokenizer.tokens(image_B3HW, scales);
    indices.forEach((one, i) => { tallies[i]!.use(one); }); // prettier-ignore
    const pictures = everyScale ? picturesOf(tokenizer, indices, scales) : [lastPicture(tokenizer, indices, scales)];
    pictures.forEach((picture, i) => { tallies.at(i - pictures.length)!.compare(picture, image_B3HW); }); // prettier-ignore
    const last_B3HW = pictures.at(-1)!;
    const featuresOf = (one: Tensor) => outputOf(features!, toBytes(one)).pool;
    return {
      cells: take ? cellsOf(last_B3HW) : [],
      ...(features && { both: { original_BD: featuresOf(image_B3HW), found_BD: featuresOf(last_B3HW) } }),
    };
  };

  try {
    for (let start = 0; start < count; start += batchSize) {
      const chosen = Array.from({ length: Math.min(batchSize, count - start) }, (_, i) => start + i);
      const { cells, both } = noGrad(() => scope(() => measure(chosen)));
      if (both) kept.push(both);
      for (const [i, cell] of cells.entries()) await take!(cell, start + i);
      bar.update(start + chosen.length);
    }
    const distanceOf = () =>
      frechetDistance(
        ops.cat(kept.map(({ original_BD }) => original_BD), 0),
        ops.cat(kept.map(({ found_BD }) => found_BD), 0),
      ); // prettier-ignore
    return {
      images: count,
      scales: scales.map((scale, i) => tallies[i]!.figures(scale, tokenizer.vocabularySize)),
      ...(features && { distance: { name: `r${features.distance.name}`, value: scope(distanceOf) } }),
    };
  } finally {
    bar.stop();
    for (const { original_BD, found_BD } of kept) for (const one of [original_BD, found_BD]) one.dispose();
  }
}
