// A transformer block with adaptive layer norm: the class decides scale, shift and gate of both branches (VAR, section 3; DiT's AdaLN).
// Legend: B batch, L tokens, C width, F hidden width (4 C).
import { Linear, Module, parameter } from '../nn/index.js';
import { type Generator, noGrad, ops, rand, scope, type Tensor } from '../torch/index.js';
import { type KeyValueCache, type Segment, SelfAttention } from './attention.js';

export const layerNormEps = 1e-6;

/** Layer norm without parameters of its own, then the condition's scale and shift. */
export function modulate(x_BLC: Tensor, scale_B1C: Tensor, shift_B1C: Tensor): Tensor {
  const normed_BLC = ops.layerNorm(x_BLC, [x_BLC.size(-1)], null, null, layerNormEps);
  return normed_BLC.mul(scale_B1C.add(1)).add_(shift_B1C);
}

/** A linear map from the activated condition [B, C] to several vectors of its width [B, 1, parts, C]. */
export class AdaptiveLinear extends Module {
  readonly linear: Linear;

  constructor(
    /** What published state dicts call the linear layer in here. */
    name: string,
    readonly width: number,
    readonly parts: number,
  ) {
    super();
    this.linear = this.add(name, new Linear(width, parts * width));
  }

  forward(activated_BC: Tensor): Tensor {
    return this.linear.forward(activated_BC).view([-1, 1, this.parts, this.width]);
  }
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
    const hidden_BLF = scope(() => this.fc1.forward(x_BLC).gelu({ approximate: 'tanh' }));
    return this.fc2.forward(hidden_BLF);
  }
}

/** Factors [B, 1, 1] of the two branches' gates: 0 for samples that skip the branch, and enough for the others to keep the mean. */
export type Drops = readonly [attention: Tensor, feedForward: Tensor];

/** What a block does to the residual stream besides its weights. */
export interface BlockMode {
  /** How the tokens see each other. */
  attention: (attention: SelfAttention, x_BLC: Tensor) => Tensor;
  /** What `drawDrops` gave; no branch is dropped without it. */
  drops?: Drops | undefined;
}

/** Attention and feed-forward branches, each gated and modulated by the condition. */
export class Block extends Module {
  readonly attention: SelfAttention;
  readonly feedForward: FeedForward;
  /** This block's own map from the condition; absent where all blocks share one. */
  readonly adaLn: AdaptiveLinear | undefined;
  /** What this block adds to the shared map's output; absent where it has a map of its own. */
  readonly modulation_116C: Tensor | undefined;

  constructor(
    width: number,
    heads: number,
    /** Probability that a sample skips a branch. */
    readonly pathDropRate: number,
    sharedAdaLn = false,
  ) {
    super();
    this.attention = this.add('attn', new SelfAttention(width, heads));
    this.feedForward = this.add('ffn', new FeedForward(width, 4 * width));
    if (sharedAdaLn) this.modulation_116C = this.add('ada_gss', parameter([1, 1, 6, width]));
    else this.adaLn = this.add('ada_lin', new AdaptiveLinear('1', width, 6));
  }

  /**
   * What the condition does to every token of a sample: [B, 1, 6, C], gates, scales and shifts of attention and feed-forward in the
   * published order.
   * @param activated_BC SiLU of the condition
   * @param shared_B16C what the map that all blocks share makes of it, where there is one
   */
  modulation(activated_BC: Tensor, shared_B16C: Tensor | undefined): Tensor {
    return this.adaLn?.forward(activated_BC) ?? shared_B16C!.add(this.modulation_116C!);
  }

  /** Draws stochastic depth (Huang et al. 2016) for a batch; nothing where no branch is dropped. */
  drawDrops(x_BLC: Tensor, generator: Generator | undefined): Drops | undefined {
    if (!this.training || !generator || this.pathDropRate === 0) return undefined;
    const keep = 1 - this.pathDropRate;
    const draw = () =>
      rand([x_BLC.size(0), 1, 1], { generator, device: x_BLC.device })
        .lt(keep)
        .to(x_BLC.dtype)
        .div(keep);
    return noGrad(() => [draw(), draw()]);
  }

  forward(x_BLC: Tensor, modulation_B16C: Tensor, { attention, drops }: BlockMode): Tensor {
    const [gate1, gate2, scale1, scale2, shift1, shift2] = modulation_B16C.to(x_BLC.dtype).unbind(2) as [
      Tensor, Tensor, Tensor, Tensor, Tensor, Tensor,
    ]; // prettier-ignore
    const x = scope(() => {
      const attended_BLC = attention(this.attention, modulate(x_BLC, scale1, shift1));
      return x_BLC.add(attended_BLC.mul(drops ? gate1.mul(drops[0]) : gate1));
    });
    return scope(() => {
      const fed_BLC = this.feedForward.forward(modulate(x, scale2, shift2));
      return x.add(fed_BLC.mul(drops ? gate2.mul(drops[1]) : gate2));
    });
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
