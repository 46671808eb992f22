// Convolutional building blocks of the tokenizers (taming-transformers' and latent diffusion's).
// Legend: N batch, C channels, H height, W width, P = H·W positions.
import { Conv2d, GroupNorm, inTurn, Module } from '../nn/index.js';
import { has, ops, type Tensor } from '../torch/index.js';

/** What a family's published state dict calls the parts of encoder and decoder. */
export interface AutoencoderNames {
  encoderLevels: string;
  decoderLevels: string;
  /** Where a decoder's level stands in its list: by the order in which the levels run, or by resolution, the finest first. */
  decoderOrder: 'as-run' | 'finest-first';
  residual: string;
  middle: readonly [residual: string, attention: string, residual: string];
  /** The attention's projections: queries, keys and values, or one of all three. */
  projections: readonly string[];
}

/** What all blocks of an autoencoder share. */
export interface BlockOptions {
  /** Groups of the group normalisations. */
  groups: number;
  names: AutoencoderNames;
}

/** GroupNorm → SiLU → 3×3 convolution, twice, added to the input (through a 1×1 convolution where the channels change). */
export class ResnetBlock extends Module {
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly shortcut: Conv2d | undefined;

  constructor(inputs: number, outputs: number, groups: number) {
    super();
    this.norm1 = this.add('norm1', new GroupNorm(groups, inputs));
    this.conv1 = this.add('conv1', new Conv2d(inputs, outputs, 3, { padding: 1 }));
    this.norm2 = this.add('norm2', new GroupNorm(groups, outputs));
    this.conv2 = this.add('conv2', new Conv2d(outputs, outputs, 3, { padding: 1 }));
    this.shortcut = inputs === outputs ? undefined : this.add('nin_shortcut', new Conv2d(inputs, outputs, 1));
  }

  forward(x_NCHW: Tensor): Tensor {
    const activated = (norm: GroupNorm) => ({ forward: (x: Tensor) => norm.forward(x).silu() });
    const branch = inTurn([activated(this.norm1), this.conv1, activated(this.norm2), this.conv2], x_NCHW);
    return (this.shortcut?.forward(x_NCHW) ?? x_NCHW).add(branch);
  }
}

const fusedAttention = has('aten::scaled_dot_product_attention');

/** softmax(q kᵀ · scale) v over the last two dimensions. */
function attend(q: Tensor, k: Tensor, v: Tensor, scale: number): Tensor {
  if (fusedAttention) return ops.scaledDotProductAttention(q, k, v, null, 0, false, { scale });
  return q.mul(scale).matmul(k.transpose(-2, -1)).softmax(-1).matmul(v);
}

/** Single-head self-attention over all positions, added to the input. Its three projections are convolutions of their own, or one. */
export class AttentionBlock extends Module {
  readonly norm: GroupNorm;
  readonly projections: Conv2d[];
  readonly output: Conv2d;

  constructor(
    readonly channels: number,
    { groups, names }: BlockOptions,
  ) {
    super();
    this.norm = this.add('norm', new GroupNorm(groups, channels));
    const outputs = (3 * channels) / names.projections.length;
    this.projections = names.projections.map((name) => this.add(name, new Conv2d(channels, outputs, 1)));
    this.output = this.add('proj_out', new Conv2d(channels, channels, 1));
  }

  forward(x_NCHW: Tensor): Tensor {
    const [N, C, H, W] = x_NCHW.shape as [number, number, number, number];
    const normed = this.norm.forward(x_NCHW);
    const parts = this.projections.flatMap((conv) => conv.forward(normed).split(C, 1));
    const [q, k, v] = parts.map((part_NCHW) => part_NCHW.permute([0, 2, 3, 1]).reshape([N, 1, H * W, C])) as [
      Tensor, Tensor, Tensor,
    ]; // prettier-ignore
    const mixed_N1PC = attend(q, k, v, C ** -0.5);
    const mixed_NCHW = mixed_N1PC.reshape([N, H, W, C]).permute([0, 3, 1, 2]);
    return x_NCHW.add(this.output.forward(mixed_NCHW));
  }
}

/** Half the side: one row and column of zeros at the far edges, then a 3×3 convolution of stride 2. */
export class Downsample extends Module {
  readonly conv: Conv2d;

  constructor(channels: number) {
    super();
    this.conv = this.add('conv', new Conv2d(channels, channels, 3, { stride: 2 }));
  }

  forward(x_NCHW: Tensor): Tensor {
    return this.conv.forward(x_NCHW.constantPadNd([0, 1, 0, 1]));
  }
}

/** Twice the side: nearest neighbours, then a 3×3 convolution. */
export class Upsample extends Module {
  readonly conv: Conv2d;

  constructor(channels: number) {
    super();
    this.conv = this.add('conv', new Conv2d(channels, channels, 3, { padding: 1 }));
  }

  forward(x_NCHW: Tensor): Tensor {
    const [, , H, W] = x_NCHW.shape as [number, number, number, number];
    return this.conv.forward(x_NCHW.upsampleNearest2d([2 * H, 2 * W]));
  }
}

/** One resolution of encoder or decoder: residual blocks, each followed by attention where the level has it. */
export class Level extends Module {
  readonly blocks: ResnetBlock[];
  readonly attention: AttentionBlock[];

  constructor(
    sizes: { inputs: number; outputs: number; blocks: number; attention: boolean },
    readonly resize: Downsample | Upsample | undefined,
    options: BlockOptions,
  ) {
    super();
    const { inputs, outputs, blocks, attention } = sizes;
    this.blocks = this.addList(
      options.names.residual,
      Array.from({ length: blocks }, (_, i) => new ResnetBlock(i === 0 ? inputs : outputs, outputs, options.groups)),
    );
    this.attention = this.addList(
      'attn',
      Array.from({ length: attention ? blocks : 0 }, () => new AttentionBlock(outputs, options)),
    );
    if (resize) this.add(resize instanceof Downsample ? 'downsample' : 'upsample', resize);
  }

  forward(x_NCHW: Tensor): Tensor {
    const blocks = this.blocks.flatMap((block, i) => [block, this.attention[i]]);
    return inTurn([...blocks, this.resize], x_NCHW);
  }
}

/** The middle of encoder and decoder: residual block, attention, residual block. */
export class Middle extends Module {
  readonly parts: (ResnetBlock | AttentionBlock)[];

  constructor(channels: number, options: BlockOptions) {
    super();
    const [first, attention, second] = options.names.middle;
    this.parts = [
      this.add(first, new ResnetBlock(channels, channels, options.groups)),
      this.add(attention, new AttentionBlock(channels, options)),
      this.add(second, new ResnetBlock(channels, channels, options.groups)),
    ];
  }

  forward(x_NCHW: Tensor): Tensor {
    return inTurn(this.parts, x_NCHW);
  }
}
