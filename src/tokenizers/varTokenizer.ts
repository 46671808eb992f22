// The VAR tokenizer: scales are residuals. Each scale quantises what the scales before it have left of the latent; a running sum of their codes,
// resized to the latent's sides and smoothed by a convolution φ, is what decodes to the image and, pooled, what the next scale's input is
// (VAR, algorithms 1 and 2).
// Legend: B batch, C code width, h and w latent sides, H and W image sides, N tokens of a scale, S scales, K φ convolutions, P rows.
import { z } from 'zod';
import { areaResize, bicubicResize, Conv2d, inFloat32 } from '../nn/index.js';
import { keep, ops, straightThrough, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { autoencoderFields, Decoder, Encoder } from './autoencoder.js';
import type { AutoencoderNames } from './blocks.js';
import { Codebook, euclidean, toMap, toRows } from './codebook.js';
import { sameScale, type Scale, scalesText, type Scales, sizeOf } from './scales.js';
import { decodeInParts, type Pyramid, Tokenizer, type TrainingPyramid } from './tokenizer.js';

const size = z.int().positive();

/** Sizes of a VAR tokenizer; the defaults are the published model's. */
export const varTokenizerConfig = z.strictObject({
  /** Channels at full resolution. */
  channels: size.default(160),
  ...autoencoderFields,
  /** Width of a code. */
  codeWidth: size.default(32),
  /** Number of codes. */
  vocabularySize: size.default(4096),
  /** Convolutions φ, shared by the scales that are nearest to each. */
  phis: size.default(4),
  /** Share of φ's convolution in its output; the rest is its input. */
  phiRatio: z.number().min(0).max(1).default(0.5),
});
export type VarTokenizerConfig = z.infer<typeof varTokenizerConfig>;

/** Names that published checkpoints carry and that hold nothing: usage logging. */
export const varTokenizerBuffers = /^quantize\.ema_vocab_hit_SV$/;

const names: AutoencoderNames = {
  encoderLevels: 'down',
  decoderLevels: 'up',
  decoderOrder: 'finest-first',
  residual: 'block',
  middle: ['block_1', 'attn_1', 'block_2'],
  projections: ['qkv'],
};

/**
 * Which φ each of S scales uses: the one whose tick is nearest to its place among the scales. Ticks lie evenly in [1/3K, 1 − 1/3K] for the
 * published K = 4, in [1/2K, 1 − 1/2K] for others. Some places lie exactly between two ticks, and then the rounding of float64 decides: the
 * arithmetic is numpy's `linspace` and must stay so.
 */
export function phiOfScales(scales: number, phis: number): number[] {
  const margin = phis === 4 ? 1 / 3 / phis : 1 / 2 / phis;
  const [first, last] = [margin, 1 - margin];
  const step = phis > 1 ? (last - first) / (phis - 1) : 0;
  const ticks = Array.from({ length: phis }, (_, i) => (i > 0 && i === phis - 1 ? last : i * step + first));
  return Array.from({ length: scales }, (_, scale) => {
    const place = scale / Math.max(1, scales - 1);
    const distances = ticks.map((tick) => Math.abs(tick - place));
    return distances.indexOf(Math.min(...distances));
  });
}

/** The tokenizer; its state dict has the published names. */
export class VarTokenizer extends Tokenizer {
  readonly family = 'var';
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly codebook: Codebook;
  readonly phis: Conv2d[];
  readonly quantConv: Conv2d;
  readonly postQuantConv: Conv2d;

  constructor(override readonly config: VarTokenizerConfig) {
    super(config);
    const { codeWidth, vocabularySize } = config;
    this.encoder = this.add('encoder', new Encoder({ ...config, zChannels: codeWidth }, names));
    this.decoder = this.add('decoder', new Decoder({ ...config, zChannels: codeWidth }, names));
    const convolution = () => new Conv2d(codeWidth, codeWidth, 3, { padding: 1 });
    this.codebook = this.add('quantize', new Codebook(vocabularySize, codeWidth, euclidean));
    this.phis = this.addList('quantize.quant_resi.qresi_ls', Array.from({ length: config.phis }, convolution));
    this.quantConv = this.add('quant_conv', convolution());
    this.postQuantConv = this.add('post_quant_conv', convolution());
  }

  /** What scale `index` adds to the running sum [B, C, h, w]: its codes [B, C, h', w'], resized to the last scale, through its φ. */
  contribution(codes_BChw: Tensor, index: number, scales: Scales): Tensor {
    const full_BChw = bicubicResize(codes_BChw, sizeOf(scales.at(-1)!)); // the last scale's codes are of that size already
    const { phis, phiRatio } = this.config;
    const phi = this.phis[phiOfScales(scales.length, phis)[index]!]!;
    return full_BChw.mul(1 - phiRatio).add(phi.forward(full_BChw), { alpha: phiRatio });
  }

  quantise(latent_BChw: Tensor, scales: Scales): Tensor[] {
    return this.#residuals(latent_BChw, scales, (map_BChw) => this.codebook.nearest(map_BChw)).indices;
  }

  wanted(latent_BChw: Tensor, indices: readonly Tensor[], scales: Scales): Tensor[] {
    return this.#residuals(latent_BChw, scales, (_, i) => indices[i]!).wanted;
  }

  /** Scale after scale: the pooled residual, and the indices chosen for it, whose contribution is then taken off the residual. */
  #residuals(latent_BChw: Tensor, scales: Scales, choose: (map_BChw: Tensor, index: number) => Tensor) {
    this.#checkLastScale(latent_BChw, scales);
    return inFloat32(latent_BChw.device, () => {
      const [wanted, indices]: [Tensor[], Tensor[]] = [[], []];
      let rest_BChw = latent_BChw.to('float32');
      scales.forEach((scale, i) => {
        wanted.push(areaResize(rest_BChw, sizeOf(scale)));
        indices.push(choose(wanted[i]!, i));
        rest_BChw = rest_BChw.sub(this.contribution(this.codebook.lookUp(indices[i]!, scale), i, scales));
      });
      return { wanted, indices };
    });
  }

  /**
   * The published loss: at every scale the squared distance of the running sum from the latent, which moves codes and φ, and the latent's from
   * the running sum, which moves the encoder; the mean over scales. Only the whole sum stands for an image.
   */
  quantiseToTrain(latent_BChw: Tensor, scales: Scales): TrainingPyramid {
    this.#checkLastScale(latent_BChw, scales);
    return inFloat32(latent_BChw.device, () => {
      const latent = latent_BChw.to('float32');
      const fixed_BChw = latent.detach();
      const [rows, indices, codebookLosses, commitmentLosses]: Tensor[][] = [[], [], [], []];
      let sum_BChw = ops.zerosLike(fixed_BChw);
      scales.forEach((scale, i) => {
        const wanted_BChw = areaResize(fixed_BChw.sub(sum_BChw.detach()), sizeOf(scale));
        const indices_BN = this.codebook.nearest(wanted_BChw);
        sum_BChw = sum_BChw.add(this.contribution(this.codebook.lookUp(indices_BN, scale), i, scales));
        rows!.push(toRows(wanted_BChw));
        indices!.push(indices_BN);
        codebookLosses!.push(ops.mseLoss(sum_BChw, fixed_BChw));
        commitmentLosses!.push(ops.mseLoss(latent, sum_BChw.detach()));
      });
      return {
        indices: indices!,
        codebookLoss: ops.stack(codebookLosses!).mean(),
        commitmentLoss: ops.stack(commitmentLosses!).mean(),
        decodable: [{ scale: scales.at(-1)!, codes_BChw: straightThrough(sum_BChw, latent) }],
        rows_BPC: ops.cat(rows!, 1),
      };
    });
  }

  pyramid(scales: Scales): Pyramid {
    return new ResidualPyramid(this, scales);
  }

  #checkLastScale(latent_BChw: Tensor, scales: Scales): void {
    const latent: Scale = [latent_BChw.size(2), latent_BChw.size(3)];
    if (!scales.length || !sameScale(scales.at(-1)!, latent))
      throw new UsageError(
        `scales: residuals must end at the latent's size ${latent.join('x')}, got ${scalesText(scales)}; change the scales or the image size`,
      );
  }
}

/** Scales that add up: the running sum of their contributions. */
class ResidualPyramid implements Pyramid {
  #count = 0;
  #sum_BChw: Tensor | undefined;

  constructor(
    readonly tokenizer: VarTokenizer,
    readonly scales: Scales,
  ) {}

  push(indices_BN: Tensor): Tensor | undefined {
    return this.#add(this.tokenizer.codebook.lookUp(indices_BN, this.scales[this.#count]!));
  }

  pushCodes(codes_BNC: Tensor): Tensor | undefined {
    return this.#add(toMap(codes_BNC.to('float32'), this.scales[this.#count]!));
  }

  #add(codes_BChw: Tensor): Tensor | undefined {
    const { tokenizer, scales } = this;
    return inFloat32(codes_BChw.device, () => {
      const added_BChw = tokenizer.contribution(codes_BChw, this.#count, scales);
      const before = this.#sum_BChw;
      this.#sum_BChw = keep(before ? before.add(added_BChw) : added_BChw);
      before?.dispose();
      const next = scales[++this.#count];
      return next === undefined ? undefined : toRows(areaResize(this.#sum_BChw, sizeOf(next)));
    });
  }

  image(): Tensor {
    if (!this.#sum_BChw) throw new Error('internal: the image of an empty pyramid');
    return decodeInParts(this.tokenizer, this.#sum_BChw);
  }

  dispose(): void {
    this.#sum_BChw?.dispose();
    this.#sum_BChw = undefined;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
