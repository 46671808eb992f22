// What every tokenizer of this family is: images to indices at every scale, and back. How the scales build on each other
// (complete images in FlexVAR, residuals in VAR) is hidden in `pyramid`, so generators, samplers and SAR serve all of them.
// Legend: B batch, C code width, H and W image height and width, h and w latent ones, N tokens of one scale, L tokens of several, P rows.
import type { Module } from '../nn/index.js';
import { ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { Codebook } from './codebook.js';
import type { Scale, Scales } from './scales.js';

/** The published families of models. */
export type Family = 'flexvar' | 'var';

/** What the codes chosen so far amount to, one scale after the other. Dispose of it, or use `using`. */
export interface Pyramid {
  /**
   * Takes the indices [B, N] of the next scale, which must live as long as the pyramid.
   * @returns the generator's input for the scale after it [B, N', C], or undefined after the last
   */
  push(indices_BN: Tensor): Tensor | undefined;
  /** As `push`, for mixtures of codes [B, N, C]; absent where a family's codes cannot be mixed. */
  pushCodes?(codes_BNC: Tensor): Tensor | undefined;
  /** The image of what has been pushed [B, 3, H, W], about [−1, 1], not clamped. */
  image(): Tensor;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A quantised latent with what training a tokenizer needs of it. */
export interface TrainingPyramid {
  /** Indices [B, N] of every scale. */
  indices: Tensor[];
  /** Moves the codes towards the latent. */
  codebookLoss: Tensor;
  /** Keeps the encoder near the codes. */
  commitmentLoss: Tensor;
  /** The maps of codes that decode to an image, by scale: the codes going forward, the gradient of the latent going back. */
  decodable: { scale: Scale; codes_BChw: Tensor }[];
  /** Rows that the codebook is asked about, without gradient: where unused codes may be moved to [P, C]. */
  rows_PC: Tensor;
}

/** A multi-scale image tokenizer. */
export interface Tokenizer extends Module {
  readonly family: Family;
  /** Its sizes, as its file keeps them. */
  readonly config: object;
  readonly codeWidth: number;
  readonly vocabularySize: number;
  /** Image pixels a latent pixel, along each side. */
  readonly stride: number;
  readonly codebook: Codebook;
  /** Images [B, 3, H, W] in [−1, 1] → continuous latent [B, C, h, w]. */
  encode(image_B3HW: Tensor): Tensor;
  /** Continuous latent → indices [B, N] (int64) of every scale. */
  quantise(latent_BChw: Tensor, scales: Scales): Tensor[];
  /** What each scale asks the codebook for, as maps [B, C, h, w], after given indices of the scales before it. */
  wanted(latent_BChw: Tensor, indices: readonly Tensor[], scales: Scales): Tensor[];
  /** As `quantise`, with the losses and gradients of training. */
  quantiseToTrain(latent_BChw: Tensor, scales: Scales): TrainingPyramid;
  /** Starts an empty pyramid. */
  pyramid(scales: Scales): Pyramid;
  /** The generator's inputs of scales 2 … N for given indices [B, L − first, C]: what `push` answers, in one piece. */
  inputs(indices: readonly Tensor[], scales: Scales): Tensor;
  /** Image [B, 3, H, W] of a map of codes [B, C, h, w] that stands for a whole image. */
  decodeCodes(codes_BChw: Tensor): Tensor;
}

/** `Tokenizer.inputs` by pushing one scale after the other. */
export function inputsOf(pyramid: Pyramid, indices: readonly Tensor[]): Tensor {
  using open = pyramid;
  return ops.cat(
    indices.flatMap((indices_BN) => open.push(indices_BN) ?? []),
    1,
  );
}

/** The images after each scale [B, 3, H, W], for given indices. */
export function picturesOf(tokenizer: Tokenizer, indices: readonly Tensor[], scales: Scales): Tensor[] {
  using pyramid = tokenizer.pyramid(scales);
  return indices.map((indices_BN) => {
    pyramid.push(indices_BN);
    return pyramid.image();
  });
}

/** The images of maps of codes [B, C, h, w]; on a CPU decoded one by one, which takes no longer and an image's memory instead of a batch's. */
export function decodeEach(tokenizer: Tokenizer, codes_BChw: Tensor): Tensor {
  if (codes_BChw.device !== 'cpu') return tokenizer.decodeCodes(codes_BChw);
  const images = codes_BChw.split(1, 0).map((codes_1Chw) => scope(() => tokenizer.decodeCodes(codes_1Chw)));
  return images.length === 1 ? images[0]! : ops.cat(images, 0);
}

/** Refuses what is not a batch of images that a tokenizer of this stride takes. */
export function checkImages(image_B3HW: Tensor, stride: number): void {
  const [, channels, height, width] = image_B3HW.shape;
  if (image_B3HW.shape.length !== 4 || channels !== 3 || height! % stride || width! % stride)
    throw new UsageError(
      `tokenizer: expected images of 3 channels and sides divisible by ${stride}, got [${image_B3HW.shape.join(', ')}]`,
    );
}
