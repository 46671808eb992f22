// The layers of vision transformers (Dosovitskiy et al., arXiv 2010.11929) under the names that Hugging Face's state dicts give them.
// Legend: B images, L tokens, C width, F hidden width, H heads, D head width.
import { Linear, Module, parameter } from '../../nn/index.js';
import { has, ops, scope, type Tensor } from '../../torch/index.js';
import type { Witness } from '../witness.js';

/** Layer normalisation with gain and shift. */
export class LayerNorm extends Module {
  readonly weight_C: Tensor;
  readonly bias_C: Tensor;

  constructor(
    readonly width: number,
    readonly epsilon: number,
  ) {
    super();
    this.weight_C = this.add('weight', parameter([width]));
    this.bias_C = this.add('bias', parameter([width]));
  }

  forward(x_BLC: Tensor): Tensor {
    return ops.layerNorm(x_BLC, [this.width], this.weight_C, this.bias_C, this.epsilon);
  }
}

const fusedAttention = has('aten::scaled_dot_product_attention');

/** softmax(q kᵀ / √D) v over [B, H, L, D]. */
function attend(q: Tensor, k: Tensor, v: Tensor): Tensor {
  if (fusedAttention) return ops.scaledDotProductAttention(q, k, v);
  return q
    .mul(q.size(-1) ** -0.5)
    .matmul(k.transpose(-2, -1))
    .softmax(-1)
    .matmul(v);
}

/** What a layer's parts are called. */
export interface LayerNames {
  norms: readonly [beforeAttention: string, beforeFeedForward: string];
  queries: string;
  keys: string;
  values: string;
  output: string;
  /** Learned factors of both branches, where there are any. */
  scales?: readonly [attention: string, feedForward: string];
}

/** x · σ(1.702 x), OpenAI's approximation of GELU; GELU itself; or a gate: the SiLU of one half of the hidden vector times the other. */
export type Activation = 'quick_gelu' | 'gelu' | 'gated';

const activations: Record<Activation, (x_BLF: Tensor) => Tensor> = {
  quick_gelu: (x_BLF) => x_BLF.mul(x_BLF.mul(1.702).sigmoid()),
  gelu: (x_BLF) => x_BLF.gelu(),
  gated: (x_BLF) => {
    const [gate_BLF, value_BLF] = x_BLF.chunk(2, -1) as [Tensor, Tensor];
    return gate_BLF.silu().mul(value_BLF);
  },
};

/** Sizes of a transformer. */
export interface TransformerSizes {
  width: number;
  heads: number;
  layers: number;
  /** Width between the linear layers of the feed-forward part, after a gate. */
  hidden: number;
  activation: Activation;
}

/** A layer: attention of all tokens to each other and a feed-forward part, each normalised before and added to the input. */
export class VisionLayer extends Module {
  readonly norms: LayerNorm[];
  readonly projections: Linear[];
  readonly output: Linear;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly scales_C: Tensor[];

  constructor(
    readonly sizes: TransformerSizes,
    names: LayerNames,
    epsilon: number,
  ) {
    super();
    const { width, hidden, activation } = sizes;
    this.norms = names.norms.map((name) => this.add(name, new LayerNorm(width, epsilon)));
    const projection = (name: string) => this.add(name, new Linear(width, width));
    this.projections = [names.queries, names.keys, names.values].map(projection);
    this.output = projection(names.output);
    const gated = activation === 'gated';
    this.expand = this.add(gated ? 'mlp.weights_in' : 'mlp.fc1', new Linear(width, gated ? 2 * hidden : hidden));
    this.contract = this.add(gated ? 'mlp.weights_out' : 'mlp.fc2', new Linear(hidden, width));
    this.scales_C = (names.scales ?? []).map((name) => this.add(name, parameter([width])));
  }

  #attention(x_BLC: Tensor): Tensor {
    const { heads, width } = this.sizes;
    const [B, L] = x_BLC.shape as [number, number];
    const [q, k, v] = this.projections.map((one) => one.forward(x_BLC).view([B, L, heads, -1]).transpose(1, 2)) as [
      Tensor, Tensor, Tensor,
    ]; // prettier-ignore
    return this.output.forward(attend(q, k, v).transpose(1, 2).reshape([B, L, width]));
  }

  #feedForward(x_BLC: Tensor): Tensor {
    return this.contract.forward(activations[this.sizes.activation](this.expand.forward(x_BLC)));
  }

  forward(x_BLC: Tensor): Tensor {
    const scaled = (branch_BLC: Tensor, at: 0 | 1) => {
      const scale_C = this.scales_C[at];
      return scale_C ? branch_BLC.mul(scale_C) : branch_BLC;
    };
    return scope(() => {
      const middle_BLC = x_BLC.add(scaled(this.#attention(this.norms[0]!.forward(x_BLC)), 0));
      return middle_BLC.add(scaled(this.#feedForward(this.norms[1]!.forward(middle_BLC)), 1));
    });
  }
}

/** Layers that show what they put out, as `layer.0`, `layer.1`, … */
export function watched(layers: readonly VisionLayer[], witness: Witness | undefined) {
  return layers.map((layer, i) => ({
    forward: (x_BLC: Tensor): Tensor => {
      const output_BLC = layer.forward(x_BLC);
      witness?.(`layer.${i}`, output_BLC);
      return output_BLC;
    },
  }));
}
