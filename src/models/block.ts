// A transformer block with adaptive layer norm: the class decides scale, shift and gate of both branches (VAR, section 3; DiT's AdaLN).
// Legend: B batch, L tokens, C width, F hidden width (4 C).
import { Linear, Module } from '../nn/index.js';
import { type Generator, noGrad, ops, rand, type Tensor } from '../torch/index.js';
import { type KeyValueCache, type Segment, SelfAttention } from './attention.js';

export const layerNormEps = 1e-6;

/** Layer norm without parameters of its own, then the condition's scale and shift. */
export function modulate(x_BLC: Tensor, scale_B1C: Tensor, shift_B1C: Tensor): Tensor {
  const normed_BLC = ops.layerNorm(x_BLC, [x_BLC.size(-1)], null, null, layerNormEps);
  return normed_BLC.mul(scale_B1C.add(1)).add_(shift_B1C);
}

/** Two linear layers with a GELU (tanh form) between. */
export class FeedForward extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(width: number, hidden: number) {
    super();
    this.fc1 = this.add('fc1', new Linear(width, hidden));
    this.fc2 = this.add('fc2', new Linear(hidden, width));
  }

  forward(x_BLC: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x_BLC).gelu({ approximate: 'tanh' }));
  }
}

/** What a block does to the residual stream besides its weights. */
export interface BlockMode {
  /** How the tokens see each other. */
  attention: (attention: SelfAttention, x_BLC: Tensor) => Tensor;
  /** Draws the samples whose branches are dropped in training; none is dropped without it. */
  pathDrop?: Generator | undefined;
}

/** Attention and feed-forward branches, each gated and modulated by the condition. */
export class Block extends Module {
  readonly attention: SelfAttention;
  readonly feedForward: FeedForward;
  readonly adaLin: Linear;

  constructor(
    readonly width: number,
    heads: number,
    /** Probability that a sample skips a branch. */
    readonly pathDropRate: number,
  ) {
    super();
    this.attention = this.add('attn', new SelfAttention(width, heads));
    this.feedForward = this.add('ffn', new FeedForward(width, 4 * width));
    this.adaLin = this.add('ada_lin.1', new Linear(width, 6 * width));
  }

  /** @param activated_BC SiLU of the condition */
  forward(x_BLC: Tensor, activated_BC: Tensor, mode: BlockMode): Tensor {
    const B = x_BLC.size(0);
    const [gate1, gate2, scale1, scale2, shift1, shift2] = this.adaLin
      .forward(activated_BC)
      .to(x_BLC.dtype)
      .view([B, 1, 6, this.width])
      .unbind(2) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const attended_BLC = mode.attention(this.attention, modulate(x_BLC, scale1, shift1)).mul(gate1);
    const x = x_BLC.add(this.#dropPath(attended_BLC, mode.pathDrop));
    const fed_BLC = this.feedForward.forward(modulate(x, scale2, shift2)).mul(gate2);
    return x.add(this.#dropPath(fed_BLC, mode.pathDrop));
  }

  /** Stochastic depth (Huang et al. 2016): whole samples lose the branch; the others are scaled up to keep the mean. */
  #dropPath(branch_BLC: Tensor, generator: Generator | undefined): Tensor {
    if (!this.training || !generator || this.pathDropRate === 0) return branch_BLC;
    const keep = 1 - this.pathDropRate;
    const factor_B11 = noGrad(() =>
      rand([branch_BLC.size(0), 1, 1], { generator, device: branch_BLC.device })
        .lt(keep)
        .to(branch_BLC.dtype)
        .div(keep),
    );
    return branch_BLC.mul(factor_B11);
  }
}

/** Attention over a whole sequence with given visibility. */
export function wholeSequence(segments: readonly Segment[]): BlockMode['attention'] {
  return (attention, x_BLC) => attention.forward(x_BLC, segments);
}

/** Attention of the next tokens after those in the cache. */
export function afterCache(cache: KeyValueCache, position: number): BlockMode['attention'] {
  return (attention, x_BNC) => attention.extend(x_BNC, cache, position);
}
