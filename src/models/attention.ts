// Self-attention with normalised queries and keys, over visibility given as segments: little work is spent on what a mask would hide.
// Legend: B batch, L tokens, N tokens of one segment, C width, H heads, D head width, K keys.
import { Linear, Module, parameter } from '../nn/index.js';
import { empty, has, ops, type Tensor } from '../torch/index.js';

/** A run of N consecutive queries and the runs of keys, K in all, that they see. */
export interface Segment {
  start: number;
  length: number;
  keys: readonly (readonly [start: number, length: number])[];
  /** Which of the keys each query sees [N, K], bool; all of them where it is absent. */
  mask_NK?: Tensor | undefined;
}

/** Keys and values of the tokens so far, allocated once and written in place. Tokens beyond its end are seen but not kept. */
export interface KeyValueCache {
  k_BHLD: Tensor;
  v_BHLD: Tensor;
}

const fusedAttention = has('aten::scaled_dot_product_attention');

/** softmax(q kᵀ) v over the keys that `mask_NK` shows; the scale is in the queries already. */
function attend(q: Tensor, k: Tensor, v: Tensor, mask_NK?: Tensor): Tensor {
  if (fusedAttention) return ops.scaledDotProductAttention(q, k, v, mask_NK, 0, false, { scale: 1 });
  const scores = q.matmul(k.transpose(-2, -1));
  return (mask_NK ? scores.maskedFill(mask_NK.logicalNot(), -Infinity) : scores).softmax(-1).matmul(v);
}

/**
 * 1 / ‖x‖ along the last dimension, in float32, the norm at least 1e-12. Multiplying x by this small tensor costs backward two passes
 * over x less than dividing does.
 */
function inverseLength(x: Tensor): Tensor {
  return x.linalgVectorNorm(2, [-1], true, { dtype: 'float32' }).clampMin(1e-12).reciprocal();
}

function select(x_BHLD: Tensor, runs: Segment['keys']): Tensor {
  const parts = runs.map(([start, length]) => x_BHLD.narrow(2, start, length));
  return parts.length === 1 ? parts[0]! : ops.cat(parts, 2);
}

/** Multi-head self-attention of the generator's blocks. */
export class SelfAttention extends Module {
  readonly scaleMul_1H11: Tensor;
  readonly qBias_C: Tensor;
  readonly vBias_C: Tensor;
  readonly qkv: Linear;
  readonly projection: Linear;

  constructor(
    readonly width: number,
    readonly heads: number,
  ) {
    super();
    this.scaleMul_1H11 = this.add('scale_mul_1H11', parameter([1, heads, 1, 1]));
    this.qBias_C = this.add('q_bias', parameter([width]));
    this.vBias_C = this.add('v_bias', parameter([width]));
    this.qkv = this.add('mat_qkv', new Linear(width, 3 * width, { bias: false }));
    this.projection = this.add('proj', new Linear(width, width));
  }

  /** Queries, keys and values [B, H, L, D]: q and k of unit length, q times its head's learned scale (at most 100). */
  #project(x_BLC: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
    const [B, L] = x_BLC.shape as [number, number];
    const bias_3C = ops.cat([this.qBias_C, ops.zerosLike(this.qBias_C), this.vBias_C], 0);
    const qkv_BL3HD = this.qkv.forward(x_BLC, bias_3C).view([B, L, 3, this.heads, -1]);
    const [q, k, v] = qkv_BL3HD.permute([2, 0, 3, 1, 4]).unbind(0) as [Tensor, Tensor, Tensor];
    const scale_1H11 = this.scaleMul_1H11.clampMax(Math.log(100)).exp();
    return [q.mul(inverseLength(q).mul(scale_1H11).to(q.dtype)), k.mul(inverseLength(k).to(k.dtype)), v];
  }

  #join(x_BHLD: Tensor): Tensor {
    const [B, , L] = x_BHLD.shape as [number, number, number];
    return this.projection.forward(x_BHLD.transpose(1, 2).reshape([B, L, this.width]));
  }

  /** Whole sequences at once: [B, L, C] → [B, L, C]. */
  forward(x_BLC: Tensor, segments: readonly Segment[]): Tensor {
    const [q, k, v] = this.#project(x_BLC);
    const parts = segments.map(({ start, length, keys, mask_NK }) =>
      attend(q.narrow(2, start, length), select(k, keys), select(v, keys), mask_NK),
    );
    return this.#join(parts.length === 1 ? parts[0]! : ops.cat(parts, 2));
  }

  /** The next N tokens of sequences whose earlier keys and values are cached: they see all of those and each other. */
  extend(x_BNC: Tensor, cache: KeyValueCache, position: number): Tensor {
    const [q, k, v] = this.#project(x_BNC);
    const [B, , N] = q.shape as [number, number, number];
    const withCached = (x_BHND: Tensor, cached_BHLD: Tensor): Tensor => {
      const rows = cached_BHLD.narrow(0, 0, B);
      if (position + N > cached_BHLD.size(2)) return ops.cat([rows.narrow(2, 0, position).to(x_BHND.dtype), x_BHND], 2);
      rows.narrow(2, position, N).copy_(x_BHND);
      return rows.narrow(2, 0, position + N).to(q.dtype);
    };
    return this.#join(attend(q, withCached(k, cache.k_BHLD), withCached(v, cache.v_BHLD)));
  }

  /** An empty cache for `batch` sequences of at most `length` tokens. */
  cache(batch: number, length: number, options: { dtype: 'float32' | 'bfloat16'; device: string }): KeyValueCache {
    const shape = [batch, this.heads, length, this.width / this.heads];
    return { k_BHLD: empty(shape, options), v_BHLD: empty(shape, options) };
  }
}
