// What every tokenizer of this family is: images to indices at every scale, and back. How the scales build on each other
// (complete images in FlexVAR, residuals in VAR) is hidden in `pyramid`, so generators, samplers and SAR serve all of them.
// Legend: B batch, C code width, H and W image height and width, h and w latent ones, N tokens of one scale, L tokens of several, P rows.
import { type Conv2d, Module } from '../nn/index.js';
import { ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { AutoencoderConfig, Decoder, Encoder } from './autoencoder.js';
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
  /** Rows that the codebook is asked about, without gradient: where unused codes may be moved to [B, P, C]; P of each image. */
  rows_BPC: Tensor;
}

/** An image to encode, and the scales that its latent is quantised at. */
export interface View {
  /** [B, 3, H, W] in [−1, 1] */
  image_B3HW: Tensor;
  scales: Scales;
}

/** A multi-scale image tokenizer. */
export abstract class Tokenizer extends Module {
  abstract readonly family: Family;
  abstract readonly encoder: Encoder;
  abstract readonly decoder: Decoder;
  abstract readonly codebook: Codebook;
  abstract readonly quantConv: Conv2d;
  abstract readonly postQuantConv: Conv2d;

  constructor(
    /** Its sizes, as its file keeps them. */
    readonly config: Pick<AutoencoderConfig, 'multipliers'> & { codeWidth: number; vocabularySize: number },
  ) {
    super();
  }

  get codeWidth(): number {
    return this.config.codeWidth;
  }
  get vocabularySize(): number {
    return this.config.vocabularySize;
  }
  /** Image pixels a latent pixel, along each side. */
  get stride(): number {
    return 2 ** (this.config.multipliers.length - 1);
  }

  /** Continuous latent → indices [B, N] (int64) of every scale that it is quantised at (`views`). */
  abstract quantise(latent_BChw: Tensor, scales: Scales): Tensor[];
  /** What each scale asks the codebook for, as maps [B, C, h, w], after given indices of the scales before it. */
  abstract wanted(latent_BChw: Tensor, indices: readonly Tensor[], scales: Scales): Tensor[];
  /** As `quantise`, with the losses and gradients of training. */
  abstract quantiseToTrain(latent_BChw: Tensor, scales: Scales): TrainingPyramid;
  /** Starts an empty pyramid. */
  abstract pyramid(scales: Scales): Pyramid;

  /** Whether every scale has a latent of its own, and `encode` gives but that of the last. */
  get latentPerScale(): boolean {
    return false;
  }

  /** What is to be encoded for some scales of images [B, 3, H, W]: the images themselves for all scales, unless each has a latent of its own. */
  views(image_B3HW: Tensor, scales: Scales): View[] {
    return [{ image_B3HW, scales }];
  }

  /** Images [B, 3, H, W] in [−1, 1] → indices [B, N] (int64) of every scale. */
  tokens(image_B3HW: Tensor, scales: Scales): Tensor[] {
    return this.views(image_B3HW, scales).flatMap((view) => this.quantise(this.encode(view.image_B3HW), view.scales));
  }

  /** Images [B, 3, H, W] in [−1, 1] → continuous latent [B, C, h, w]; throws a UsageError where the sides are no multiples of the stride. */
  encode(image_B3HW: Tensor): Tensor {
    const { stride } = this;
    const [, channels, height, width] = image_B3HW.shape;
    if (image_B3HW.shape.length !== 4 || channels !== 3 || height! % stride || width! % stride)
      throw new UsageError(
        `tokenizer: expected images of 3 channels and sides divisible by ${stride}, got [${image_B3HW.shape.join(', ')}]`,
      );
    return this.quantConv.forward(this.encoder.forward(image_B3HW));
  }

  /** Image [B, 3, H, W] of a map of codes [B, C, h, w] that stands for a whole image. */
  decodeCodes(codes_BChw: Tensor): Tensor {
    const format = this.decoder.convIn.weight_OIKK.isContiguous('channelsLast') ? 'channelsLast' : undefined;
    return this.decoder.forward(this.postQuantConv.forward(codes_BChw.to({ memoryFormat: format })));
  }

  /** The generator's inputs of scales 2 … N for given indices [B, L − first, C]: what `Pyramid.push` answers, in one piece. */
  inputs(indices: readonly Tensor[], scales: Scales): Tensor {
    using pyramid = this.pyramid(scales);
    return ops.cat(
      indices.flatMap((indices_BN) => pyramid.push(indices_BN) ?? []),
      1,
    );
  }
}

/** The images after each scale [B, 3, H, W], for given indices. */
export function picturesOf(tokenizer: Tokenizer, indices: readonly Tensor[], scales: Scales): Tensor[] {
  using pyramid = tokenizer.pyramid(scales);
  return indices.map((indices_BN) => {
    pyramid.push(indices_BN);
    return pyramid.image();
  });
}

/** Pixels that are decoded at once on a CPU: more take no less time a pixel, and memory. */
const pixelsAtOnce = 2 ** 16;

/** The images of maps of codes [B, C, h, w]; on a CPU a few at a time, so that a large batch needs the memory of a small one. */
export function decodeInParts(tokenizer: Tokenizer, codes_BChw: Tensor): Tensor {
  const pixels = codes_BChw.size(2) * codes_BChw.size(3) * tokenizer.stride ** 2;
  const atOnce = codes_BChw.device === 'cpu' ? Math.max(1, Math.floor(pixelsAtOnce / pixels)) : codes_BChw.size(0);
  const images = codes_BChw.split(atOnce, 0).map((part_BChw) => scope(() => tokenizer.decodeCodes(part_BChw)));
  return images.length === 1 ? images[0]! : ops.cat(images, 0);
}
