// The VAR generator a second time, in float64 and one operator after the other under a mask, on the parameters of a state dict: what the tests of
// VAR and of SAR on it compare with.
// Legend: B batch, L tokens, N tokens of a scale, C width, E code width, H heads, V codes.
import type { ScaleTransformer } from '../src/models/index.js';
import { ops, type Tensor, tensor } from '../src/torch/index.js';

export type Parameters = ReadonlyMap<string, Tensor>;
type Visibility = 'causal' | 'own-scale';

/** A generator's parameters in float64, of which gradients are taken. */
export function wideParameters(generator: ScaleTransformer): Map<string, Tensor> {
  const wide = new Map(Array.from(generator.namedParameters(), ([name, one]) => [name, one.detach().to('float64')]));
  for (const one of wide.values()) one.requiresGrad = true;
  return wide;
}

/** Nought where one token sees another, −∞ where not [L, L], of scales of these many tokens. */
function mask(counts: readonly number[], visibility: Visibility): Tensor {
  const scaleOf = counts.flatMap((count, i) => Array<number>(count).fill(i));
  const sees = (query: number, key: number) => (visibility === 'causal' ? key <= query : key === query || key === 0);
  return tensor(scaleOf.map((query) => scaleOf.map((key) => (sees(query, key) ? 0 : -Infinity))), { dtype: 'float64' }); // prettier-ignore
}

/** Layer norm without parameters, by its definition. */
function normed(x: Tensor): Tensor {
  const centred = x.sub(x.mean([-1], true));
  return centred.div(centred.square().mean([-1], true).add(1e-6).sqrt());
}
const modulated = (x: Tensor, scale: Tensor, shift: Tensor): Tensor => normed(x).mul(scale.add(1)).add(shift);
const unit = (x: Tensor): Tensor => x.div(x.square().sum([-1], true).sqrt());

/** GELU in its tanh form. */
function gelu(x: Tensor): Tensor {
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(0.5).mul(inner.tanh().add(1));
}

function linear(p: Parameters, x: Tensor, name: string): Tensor {
  return x.matmul(p.get(`${name}.weight`)!.t()).add(p.get(`${name}.bias`)!);
}

/** The generator of scales of `counts` tokens; depth, width and whether AdaLN is shared are told by the parameters. */
export class PlainGenerator {
  constructor(
    readonly counts: readonly number[],
    readonly heads: number,
  ) {}

  /** Logits [B, L, V] of all scales, of inputs [B, L − first, E]. */
  logits(p: Parameters, labels_B: Tensor, inputs_BLE: Tensor, visibility: Visibility = 'causal'): Tensor {
    const condition_BC = p.get('class_emb.weight')!.indexSelect(0, labels_B);
    const start_BnC = condition_BC.unsqueeze(1).add(p.get('pos_start')!).repeat([1, this.counts[0]!, 1]);
    const places_LC = this.#places(p, this.counts.map((_, i) => i)); // prettier-ignore
    const placed_BLC = ops.cat([start_BnC, linear(p, inputs_BLE, 'word_embed')], 1).add(places_LC);
    return this.#blocks(p, placed_BLC, condition_BC, mask(this.counts, visibility));
  }

  /** Logits [B, N, V] of the last scale after the bare class embedding. */
  lastScaleLogits(p: Parameters, labels_B: Tensor, inputs_BNE: Tensor): Tensor {
    const condition_BC = p.get('class_emb.weight')!.indexSelect(0, labels_B);
    const tokens_BLC = ops.cat([condition_BC.unsqueeze(1), linear(p, inputs_BNE, 'word_embed')], 1);
    const last = this.counts.length - 1;
    const places_LC = ops.cat([this.#places(p, [0]).narrow(0, 0, 1), this.#places(p, [last])], 0);
    const seen = mask([1, this.counts[last]!], 'causal');
    return this.#blocks(p, tokens_BLC.add(places_LC), condition_BC, seen).narrow(1, 1, this.counts[last]!);
  }

  /** Positions and levels [L, C] of some scales' tokens. */
  #places(p: Parameters, indices: readonly number[]): Tensor {
    const startOf = (i: number) => this.counts.slice(0, i).reduce((a, b) => a + b, 0);
    const parts = indices.map((i) => {
      const positions_NC = p.get('pos_1LC')!.select(0, 0).narrow(0, startOf(i), this.counts[i]!);
      return positions_NC.add(p.get('lvl_embed.weight')!.select(0, i));
    });
    return ops.cat(parts, 0);
  }

  #blocks(p: Parameters, placed_BLC: Tensor, condition_BC: Tensor, mask_LL: Tensor): Tensor {
    const [B, , C] = placed_BLC.shape as [number, number, number];
    const activated_BC = condition_BC.mul(condition_BC.sigmoid());
    const parts = (rows: Tensor, count: number) => rows.view([-1, 1, count, C]).unbind(2);
    let x = placed_BLC;
    for (let i = 0; p.has(`blocks.${i}.attn.q_bias`); i++) {
      const own = p.get(`blocks.${i}.ada_gss`);
      const rows = own
        ? linear(p, activated_BC, 'shared_ada_lin.1').view([B, 1, 6, C]).add(own)
        : linear(p, activated_BC, `blocks.${i}.ada_lin.1`);
      const [gate1, gate2, scale1, scale2, shift1, shift2] = parts(rows, 6) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]; // prettier-ignore
      x = x.add(this.#attention(p, `blocks.${i}.attn`, modulated(x, scale1, shift1), mask_LL).mul(gate1));
      const hidden = gelu(linear(p, modulated(x, scale2, shift2), `blocks.${i}.ffn.fc1`));
      x = x.add(linear(p, hidden, `blocks.${i}.ffn.fc2`).mul(gate2));
    }
    const [scale, shift] = parts(linear(p, activated_BC, 'head_nm.ada_lin.1'), 2) as [Tensor, Tensor];
    return linear(p, modulated(x, scale, shift), 'head');
  }

  #attention(p: Parameters, name: string, x: Tensor, mask_LL: Tensor): Tensor {
    const [B, L, C] = x.shape as [number, number, number];
    const all = x.matmul(p.get(`${name}.mat_qkv.weight`)!.t()).view([B, L, 3, this.heads, C / this.heads]);
    const [q, k, v] = all.permute([2, 0, 3, 1, 4]).unbind(0) as [Tensor, Tensor, Tensor];
    const biased = (part: Tensor, bias: string) => part.add(p.get(`${name}.${bias}`)!.view([this.heads, 1, -1]));
    const queries = unit(biased(q, 'q_bias')).mul(p.get(`${name}.scale_mul_1H11`)!.exp());
    const shares = queries.matmul(unit(k).transpose(-2, -1)).add(mask_LL).softmax(-1);
    return linear(p, shares.matmul(biased(v, 'v_bias')).transpose(1, 2).reshape([B, L, C]), `${name}.proj`);
  }
}
