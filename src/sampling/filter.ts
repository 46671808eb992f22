// Top-k, then top-p (nucleus) filtering, and drawing from what is left.
// Legend: B images, N tokens, V codes, K candidates.
import { arange, ones, type Tensor } from '../torch/index.js';

/** The tokens that may be drawn: most probable first where something limits the choice, all of them by index where nothing does. */
export interface Candidates {
  /** Code indices [B, N, K], int64. */
  indices_BNK: Tensor;
  /** Probabilities before renormalisation, 0 where a candidate was filtered out [B, N, K]. */
  probabilities_BNK: Tensor;
  /** Whether a candidate is kept [B, N, K]. */
  kept_BNK: Tensor;
}

/** What limits the choice of tokens. */
export interface FilterOptions {
  /** Keep the k most probable, and whatever ties with the last of them; 0 keeps all. */
  topK?: number;
  /** Of those, keep the most probable until their mass exceeds p; 0 keeps all. The first is always kept. */
  topP?: number;
}

/**
 * Candidates by top-k, then top-p over the softmax of those k, as the published samplers filter:
 * in ascending order a token is dropped while the mass up to and including it is at most 1 − p.
 */
export function filterLogits(logits_BNV: Tensor, { topK = 0, topP = 0 }: FilterOptions = {}): Candidates {
  const vocabulary = logits_BNV.size(-1);
  const most = topK > 0 ? Math.min(topK, vocabulary) : vocabulary;
  if (most === vocabulary && topP <= 0) return everything(logits_BNV);
  const [sorted_BNK, indices_BNK] = largest(logits_BNV, most);
  let kept_BNK = sorted_BNK.ge(sorted_BNK.narrow(-1, most - 1, 1));
  const probabilities_BNK = sorted_BNK.maskedFill(kept_BNK.logicalNot(), -Infinity).softmax(-1);
  if (topP > 0) {
    // mass of this candidate and all less probable ones
    const tail_BNK = probabilities_BNK.flip([-1]).cumsum(-1).flip([-1]);
    const nucleus_BNK = tail_BNK.gt(1 - topP);
    nucleus_BNK.narrow(-1, 0, 1).fill_(1);
    kept_BNK = kept_BNK.logicalAnd(nucleus_BNK);
  }
  return { indices_BNK, kept_BNK, probabilities_BNK: probabilities_BNK.mul(kept_BNK.to('float32')) };
}

/** All codes, unsorted: sorting takes far longer than all the rest. */
function everything(logits_BNV: Tensor): Candidates {
  const { shape, device } = logits_BNV;
  return {
    indices_BNK: arange(0, shape.at(-1)!, 1, { device }).expand(shape),
    kept_BNK: ones(shape, { dtype: 'bool', device }),
    probabilities_BNK: logits_BNV.softmax(-1),
  };
}

/** The k largest logits and their indices, in descending order, and more of them where others tie with the k-th: ties are kept. */
function largest(logits_BNV: Tensor, k: number): [sorted_BNK: Tensor, indices_BNK: Tensor] {
  const found = logits_BNV.topk(k, -1, true, true);
  if (k === logits_BNV.size(-1)) return found;
  const least_BN1 = found[0].narrow(-1, k - 1, 1);
  const count = logits_BNV.ge(least_BN1).sum([-1]).amax().item();
  return count > k ? logits_BNV.topk(count, -1, true, true) : found;
}

/** Logits divided by a temperature; at 1 they themselves, not a copy. */
export function temper(logits_BNV: Tensor, temperature: number): Tensor {
  return temperature === 1 ? logits_BNV : logits_BNV.div(temperature);
}

/** One token a position by inverting the cumulative distribution: `uniform_BN` in [0, 1) decides → indices [B, N]. */
export function drawTokens({ indices_BNK, probabilities_BNK }: Candidates, uniform_BN: Tensor): Tensor {
  const cumulative_BNK = probabilities_BNK.to('float64').cumsum(-1);
  const total_BN1 = cumulative_BNK.narrow(-1, cumulative_BNK.size(-1) - 1, 1);
  const target_BN1 = uniform_BN.to('float64').unsqueeze(-1).mul(total_BN1);
  const place_BN1 = cumulative_BNK.le(target_BN1).sum([-1], true);
  const last = indices_BNK.size(-1) - 1;
  return indices_BNK.gather(-1, place_BN1.clampMax(last)).squeeze(-1);
}
