// Encoder and decoder of the tokenizers (taming-transformers' layers), any number of levels.
// Legend: N batch, C channels, H and W image sides, h and w latent sides.
import { z } from 'zod';
import { Conv2d, GroupNorm, inTurn, Module } from '../nn/index.js';
import type { Tensor } from '../torch/index.js';
import { type BlockOptions, Downsample, type AutoencoderNames, Level, Middle, Upsample } from './blocks.js';

const size = z.int().positive();

/** Sizes that the families' tokenizers share, with the published values. */
export const autoencoderFields = {
  /** Channel multiplier of each level; n levels divide the image's side by 2^(n−1). */
  multipliers: z.array(size).min(1).default([1, 1, 2, 2, 4]),
  /** Residual blocks a level of the encoder; the decoder has one more. */
  resBlocks: size.default(2),
  /** Groups of the group normalisations; must divide every level's channels. */
  normGroups: size.default(32),
};

/** Sizes of encoder and decoder. */
export interface AutoencoderConfig {
  /** Channels at full resolution. */
  channels: number;
  /** Channel multiplier of each level; every level but the last halves the side. */
  multipliers: readonly number[];
  /** Residual blocks a level of the encoder; the decoder has one more. */
  resBlocks: number;
  /** Channels between encoder and quantiser. */
  zChannels: number;
  /** Groups of the group normalisations. */
  normGroups: number;
}

/** Images [N, 3, H, W] → features [N, zChannels, h, w]. */
export class Encoder extends Module {
  readonly convIn: Conv2d;
  readonly levels: Level[];
  readonly middle: Middle;
  readonly normOut: GroupNorm;
  readonly convOut: Conv2d;

  constructor({ channels, multipliers, resBlocks, zChannels, normGroups }: AutoencoderConfig, names: AutoencoderNames) {
    super();
    const options: BlockOptions = { groups: normGroups, names };
    this.convIn = this.add('conv_in', new Conv2d(3, channels, 3, { padding: 1 }));
    let width = channels;
    const last = multipliers.length - 1;
    const levels = multipliers.map((multiplier, i) => {
      const sizes = { inputs: width, outputs: channels * multiplier, blocks: resBlocks, attention: i === last };
      width = sizes.outputs;
      return new Level(sizes, i === last ? undefined : new Downsample(width), options);
    });
    this.levels = this.addList(names.encoderLevels, levels);
    this.middle = this.add('mid', new Middle(width, options));
    this.normOut = this.add('norm_out', new GroupNorm(normGroups, width));
    this.convOut = this.add('conv_out', new Conv2d(width, zChannels, 3, { padding: 1 }));
  }

  forward(image_N3HW: Tensor): Tensor {
    const x = inTurn([this.convIn, ...this.levels, this.middle], image_N3HW);
    return this.convOut.forward(this.normOut.forward(x).silu());
  }
}

/** Features [N, zChannels, h, w] → images [N, 3, H, W]. */
export class Decoder extends Module {
  readonly convIn: Conv2d;
  readonly middle: Middle;
  /** In the order in which they run, the coarsest first. */
  readonly levels: Level[];
  readonly normOut: GroupNorm;
  readonly convOut: Conv2d;

  constructor({ channels, multipliers, resBlocks, zChannels, normGroups }: AutoencoderConfig, names: AutoencoderNames) {
    super();
    const options: BlockOptions = { groups: normGroups, names };
    const last = multipliers.length - 1;
    let width = channels * multipliers[last]!;
    this.convIn = this.add('conv_in', new Conv2d(zChannels, width, 3, { padding: 1 }));
    this.middle = this.add('mid', new Middle(width, options));
    this.levels = [...multipliers].reverse().map((multiplier, i) => {
      const sizes = { inputs: width, outputs: channels * multiplier, blocks: resBlocks + 1, attention: i === 0 };
      width = sizes.outputs;
      return new Level(sizes, i === last ? undefined : new Upsample(width), options);
    });
    this.addList(names.decoderLevels, names.decoderOrder === 'as-run' ? this.levels : [...this.levels].reverse());
    this.normOut = this.add('norm_out', new GroupNorm(normGroups, width));
    this.convOut = this.add('conv_out', new Conv2d(width, 3, 3, { padding: 1 }));
  }

  forward(features_NChw: Tensor): Tensor {
    const x = inTurn([this.convIn, this.middle, ...this.levels], features_NChw);
    return this.convOut.forward(this.normOut.forward(x).silu());
  }
}
