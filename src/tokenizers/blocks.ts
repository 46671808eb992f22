// Convolutional building blocks of the tokenizers (taming-transformers' and latent diffusion's).
// Legend: N batch, C channels, H height, W width, P = H·W positions.
import { Conv2d, GroupNorm, Module } from '../nn/index.js';
import { has, ops, type Tensor } from '../torch/index.js';

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
    const first = this.conv1.forward(this.norm1.forward(x_NCHW).silu());
    const branch = this.conv2.forward(this.norm2.forward(first).silu());
    return (this.shortcut?.forward(x_NCHW) ?? x_NCHW).add(branch);
  }
}

const fusedAttention = has('aten::scaled_dot_product_attention');

/** softmax(q kᵀ · scale) v over the last two dimensions. */
function attend(q: Tensor, k: Tensor, v: Tensor, scale: number): Tensor {
  if (fusedAttention) return ops.scaledDotProductAttention(q, k, v, null, 0, false, { scale });
  return q.mul(scale).matmul(k.transpose(-2, -1)).softmax(-1).matmul(v);
}

/** Single-head self-attention over all positions, added to the input. */
export class AttentionBlock extends Module {
  readonly norm: GroupNorm;
  readonly q: Conv2d;
  readonly k: Conv2d;
  readonly v: Conv2d;
  readonly projection: Conv2d;

  constructor(
    readonly channels: number,
    groups: number,
  ) {
    super();
    this.norm = this.add('norm', new GroupNorm(groups, channels));
    this.q = this.add('q', new Conv2d(channels, channels, 1));
    this.k = this.add('k', new Conv2d(channels, channels, 1));
    this.v = this.add('v', new Conv2d(channels, channels, 1));
    this.projection = this.add('proj_out', new Conv2d(channels, channels, 1));
  }

  forward(x_NCHW: Tensor): Tensor {
    const [N, C, H, W] = x_NCHW.shape as [number, number, number, number];
    const normed = this.norm.forward(x_NCHW);
    const positions = (conv: Conv2d) =>
      conv
        .forward(normed)
        .permute([0, 2, 3, 1])
        .reshape([N, 1, H * W, C]);
    const mixed_N1PC = attend(positions(this.q), positions(this.k), positions(this.v), C ** -0.5);
    const mixed_NCHW = mixed_N1PC.reshape([N, H, W, C]).permute([0, 3, 1, 2]);
    return x_NCHW.add(this.projection.forward(mixed_NCHW));
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
    inputs: number,
    outputs: number,
    blocks: number,
    withAttention: boolean,
    groups: number,
    readonly resize: Downsample | Upsample | undefined,
  ) {
    super();
    this.blocks = this.addList(
      'res',
      Array.from({ length: blocks }, (_, i) => new ResnetBlock(i === 0 ? inputs : outputs, outputs, groups)),
    );
    const attended = withAttention ? blocks : 0;
    this.attention = this.addList(
      'attn',
      Array.from({ length: attended }, () => new AttentionBlock(outputs, groups)),
    );
    if (resize) this.add(resize instanceof Downsample ? 'downsample' : 'upsample', resize);
  }

  forward(x_NCHW: Tensor): Tensor {
    let x = x_NCHW;
    this.blocks.forEach((block, i) => {
      x = block.forward(x);
      x = this.attention[i]?.forward(x) ?? x;
    });
    return this.resize?.forward(x) ?? x;
  }
}

/** The middle of encoder and decoder: residual block, attention, residual block. */
export function middle(channels: number, groups: number): (ResnetBlock | AttentionBlock)[] {
  return [
    new ResnetBlock(channels, channels, groups),
    new AttentionBlock(channels, groups),
    new ResnetBlock(channels, channels, groups),
  ];
}
