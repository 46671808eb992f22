// The FlexVAR tokenizer: every scale is a complete picture. A scale is the continuous latent resized by area, each position replaced by its
// nearest code; any scale decodes on its own, and the next scale's input is this scale's codes, resized (FlexVAR, section 3).
// Legend: B batch, C code width, h and w latent sides, H and W image sides, N tokens of a scale, L tokens of several.
import { z } from 'zod';
import { areaResize, bicubicResize, Conv2d, Module } from '../nn/index.js';
import { ops, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { Decoder, Encoder } from './autoencoder.js';
import { Codebook } from './codebook.js';
import { inputsOf, type Pyramid, type Scales, type Tokenizer } from './tokenizer.js';

const size = z.int().positive();

/** Sizes of a FlexVAR tokenizer; the defaults are the published model's. */
export const flexVarTokenizerConfig = z.strictObject({
  /** Channels at full resolution. */
  channels: size.default(128),
  /** Channel multiplier of each level; n levels divide the image's side by 2^(n−1). */
  multipliers: z.array(size).min(1).default([1, 1, 2, 2, 4]),
  /** Residual blocks a level of the encoder; the decoder has one more. */
  resBlocks: size.default(2),
  /** Channels between encoder and quantiser. */
  zChannels: size.default(256),
  /** Width of a code. */
  codeWidth: size.default(32),
  /** Number of codes. */
  vocabularySize: size.default(8912),
  /** Groups of the group normalisations; must divide every level's channels. */
  normGroups: size.default(32),
});
export type FlexVarTokenizerConfig = z.infer<typeof flexVarTokenizerConfig>;

/** Names that published checkpoints carry and that hold nothing: usage logging. */
export const flexVarTokenizerBuffers = /^quantize\.codebook_used$/;

/** The tokenizer; its state dict has the published names. */
export class FlexVarTokenizer extends Module implements Tokenizer {
  readonly family = 'flexvar';
  readonly codeWidth: number;
  readonly vocabularySize: number;
  readonly stride: number;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly codebook: Codebook;
  readonly quantConv: Conv2d;
  readonly postQuantConv: Conv2d;

  constructor(readonly config: FlexVarTokenizerConfig) {
    super();
    this.codeWidth = config.codeWidth;
    this.vocabularySize = config.vocabularySize;
    this.stride = 2 ** (config.multipliers.length - 1);
    this.encoder = this.add('encoder', new Encoder(config));
    this.decoder = this.add('decoder', new Decoder(config));
    this.codebook = this.add('quantize', new Codebook(config.vocabularySize, config.codeWidth));
    this.quantConv = this.add('quant_conv', new Conv2d(config.zChannels, config.codeWidth, 1));
    this.postQuantConv = this.add('post_quant_conv', new Conv2d(config.codeWidth, config.zChannels, 1));
  }

  encode(image_B3HW: Tensor): Tensor {
    const [, channels, height, width] = image_B3HW.shape;
    if (image_B3HW.shape.length !== 4 || channels !== 3 || height! % this.stride || width! % this.stride)
      throw new UsageError(
        `tokenizer: expected images of 3 channels and sides divisible by ${this.stride}, got [${image_B3HW.shape.join(', ')}]`,
      );
    return this.quantConv.forward(this.encoder.forward(image_B3HW));
  }

  quantise(latent_BChw: Tensor, scales: Scales): Tensor[] {
    const side = latent_BChw.size(2);
    if (scales.at(-1) !== side)
      throw new UsageError(
        `scales: expected the last scale to be the latent's side ${side}, got [${scales.join(', ')}]; change the scales or the image size`,
      );
    return this.quantiseScales(latent_BChw, scales);
  }

  /** As `quantise`, for any list of scales: random training schedules may end below the latent's side. */
  quantiseScales(latent_BChw: Tensor, scales: Scales): Tensor[] {
    const latent = latent_BChw.to('float32');
    return scales.map((side) => this.codebook.nearest(areaResize(latent, side)));
  }

  pyramid(scales: Scales): Pyramid {
    let k = -1;
    let last_BN: Tensor | undefined;
    return {
      push: (indices_BN) => {
        last_BN = indices_BN;
        const next = scales[++k + 1];
        if (next === undefined) return undefined;
        return bicubicResize(this.codebook.lookUp(indices_BN, scales[k]!), next).flatten(2).transpose(1, 2);
      },
      image: () => {
        if (!last_BN) throw new Error('internal: the image of an empty pyramid');
        return this.decodeScale(last_BN, scales[k]!);
      },
    };
  }

  inputs(indices: readonly Tensor[], scales: Scales): Tensor {
    return ops.cat(inputsOf(this.pyramid(scales), indices), 1);
  }

  /** Image [B, 3, H, W] of one scale's indices [B, side²]. */
  decodeScale(indices_BN: Tensor, side: number): Tensor {
    return this.decodeCodes(this.codebook.lookUp(indices_BN, side));
  }

  /** Image [B, 3, H, W] of a map of codes [B, C, h, w]. */
  decodeCodes(codes_BChw: Tensor): Tensor {
    const format = this.decoder.convIn.weight_OIKK.isContiguous('channelsLast') ? 'channelsLast' : undefined;
    return this.decoder.forward(this.postQuantConv.forward(codes_BChw.to({ memoryFormat: format })));
  }
}
