// The FlexVAR tokenizer: every scale is a complete picture. A scale is the continuous latent resized by area, each position replaced by its
// nearest code; any scale decodes on its own, and the next scale's input is this scale's codes, resized (FlexVAR, section 3).
// Beyond FlexVAR: with a pyramid of images a scale is the latent of the image resized by area, so that coarse scales are what the encoder makes of
// small pictures (SAR's open question whether the tokenizer can mend the imbalance of supervision). Nothing else differs, weights least of all.
// Legend: B batch, C code width, h and w latent sides, H and W image sides, N tokens of a scale, L tokens of several.
import { z } from 'zod';
import { areaResize, bicubicResize, Conv2d, inFloat32, unitLength } from '../nn/index.js';
import { ops, straightThrough, type Tensor } from '../torch/index.js';
import { autoencoderFields, Decoder, Encoder } from './autoencoder.js';
import type { AutoencoderNames } from './blocks.js';
import { Codebook, cosine, toRows } from './codebook.js';
import { type Scales, sizeOf } from './scales.js';
import { decodeInParts, type Pyramid, Tokenizer, type TrainingPyramid, type View } from './tokenizer.js';

const size = z.int().positive();

/** Sizes of a FlexVAR tokenizer; the defaults are the published model's (LlamaGen's VQ-16 with a codebook of its own). */
export const flexVarTokenizerConfig = z.strictObject({
  /** Channels at full resolution. */
  channels: size.default(128),
  ...autoencoderFields,
  /** Channels between encoder and quantiser. */
  zChannels: size.default(256),
  /** Width of a code. */
  codeWidth: size.default(32),
  /** Number of codes. */
  vocabularySize: size.default(8912),
  /** What is resized to make the coarser scales: the latent, as in FlexVAR and where nothing is said, or the image. */
  pyramid: z.enum(['latent', 'image']).optional(),
});
export type FlexVarTokenizerConfig = z.infer<typeof flexVarTokenizerConfig>;

/** Names that published checkpoints carry and that hold nothing: usage logging. */
export const flexVarTokenizerBuffers = /^quantize\.codebook_used$/;

const names: AutoencoderNames = {
  encoderLevels: 'conv_blocks',
  decoderLevels: 'conv_blocks',
  decoderOrder: 'as-run',
  residual: 'res',
  middle: ['0', '1', '2'],
  projections: ['q', 'k', 'v'],
};

/** The tokenizer; its state dict has the published names. */
export class FlexVarTokenizer extends Tokenizer {
  readonly family = 'flexvar';
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly codebook: Codebook;
  readonly quantConv: Conv2d;
  readonly postQuantConv: Conv2d;

  constructor(override readonly config: FlexVarTokenizerConfig) {
    super(config);
    this.encoder = this.add('encoder', new Encoder(config, names));
    this.decoder = this.add('decoder', new Decoder(config, names));
    this.codebook = this.add('quantize', new Codebook(config.vocabularySize, config.codeWidth, cosine));
    this.quantConv = this.add('quant_conv', new Conv2d(config.zChannels, config.codeWidth, 1));
    this.postQuantConv = this.add('post_quant_conv', new Conv2d(config.codeWidth, config.zChannels, 1));
  }

  override get latentPerScale(): boolean {
    return this.config.pyramid === 'image';
  }

  override views(image_B3HW: Tensor, scales: Scales): View[] {
    if (!this.latentPerScale) return super.views(image_B3HW, scales);
    return scales.map((scale) => {
      const [height, width] = sizeOf(scale);
      return { image_B3HW: areaResize(image_B3HW, [height * this.stride, width * this.stride]), scales: [scale] };
    });
  }

  /** Any list of scales will do: each is quantised by itself. */
  quantise(latent_BChw: Tensor, scales: Scales): Tensor[] {
    return this.wanted(latent_BChw, [], scales).map((map_BChw) => this.codebook.nearest(map_BChw));
  }

  wanted(latent_BChw: Tensor, _indices: readonly Tensor[], scales: Scales): Tensor[] {
    const latent = latent_BChw.to('float32');
    return scales.map((scale) => areaResize(latent, sizeOf(scale)));
  }

  quantiseToTrain(latent_BChw: Tensor, scales: Scales): TrainingPyramid {
    return inFloat32(latent_BChw.device, () => {
      const latent = latent_BChw.to('float32');
      const parts = scales.map((scale) => {
        const unit_BChw = unitLength(areaResize(latent, sizeOf(scale)), 1);
        const indices_BN = this.codebook.nearest(unit_BChw.detach());
        const codes_BChw = this.codebook.lookUp(indices_BN, scale);
        return {
          scale,
          indices_BN,
          codes_BChw: straightThrough(codes_BChw, unit_BChw),
          codebookLoss: ops.mseLoss(codes_BChw, unit_BChw.detach()),
          commitmentLoss: ops.mseLoss(unit_BChw, codes_BChw.detach()),
        };
      });
      const mean = (terms: Tensor[]) => ops.stack(terms).mean();
      return {
        indices: parts.map((part) => part.indices_BN),
        codebookLoss: mean(parts.map((part) => part.codebookLoss)),
        commitmentLoss: mean(parts.map((part) => part.commitmentLoss)),
        decodable: parts,
        rows_BPC: unitLength(toRows(latent.detach()), 2),
      };
    });
  }

  pyramid(scales: Scales): Pyramid {
    return new ImagePyramid(this, scales);
  }
}

/** Scales that are pictures by themselves: only the latest one counts. */
class ImagePyramid implements Pyramid {
  #count = 0;
  #latest_BN: Tensor | undefined;

  constructor(
    readonly tokenizer: FlexVarTokenizer,
    readonly scales: Scales,
  ) {}

  push(indices_BN: Tensor): Tensor | undefined {
    this.#latest_BN = indices_BN;
    const next = this.scales[++this.#count];
    return next === undefined ? undefined : toRows(bicubicResize(this.#latestCodes(), sizeOf(next)));
  }

  image(): Tensor {
    return decodeInParts(this.tokenizer, this.#latestCodes());
  }

  #latestCodes(): Tensor {
    if (!this.#latest_BN) throw new Error('internal: an empty pyramid was asked for its codes');
    return this.tokenizer.codebook.lookUp(this.#latest_BN, this.scales[this.#count - 1]!);
  }

  dispose(): void {
    this.#latest_BN = undefined; // it is the caller's
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
