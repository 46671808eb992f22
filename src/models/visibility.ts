// Which tokens see which, as segments: block-causal in teacher forcing, and the three readings of SAR's student pass.
// A sequence is one or more start tokens (the first scale) followed by the tokens of the later scales.
import { type Scale, type Scales, tokenCount, tokensOf } from '../tokenizers/index.js';
import { type Tensor, tensor } from '../torch/index.js';
import type { Segment } from './attention.js';

/** What a token sees: all earlier scales, or the start and its own scale alone. */
export type Visibility = 'causal' | 'own-scale';

/** Scales of fewer tokens are attended to together, under a mask: a call of its own would cost each more than the hidden keys do. */
const fewTokens = 128;

/** Consecutive scales in groups: small ones together, each larger one alone. */
function groupsOf(scales: Scales): Scales[] {
  const groups: Scale[][] = [];
  let open = false;
  for (const scale of scales) {
    const small = tokensOf(scale) < fewTokens;
    if (small && open) groups.at(-1)!.push(scale);
    else groups.push([scale]);
    open = small;
  }
  return groups;
}

/**
 * The mask [N, K] of a group: every query sees the first `always` keys and, of the group's own keys, which come last, those of its scale
 * and (if `causal`) of the scales before.
 */
function groupMask(group: Scales, keys: number, always: number, causal: boolean, device: string): Tensor {
  const length = tokenCount(group);
  const seen = new Uint8Array(length * keys);
  let start = 0;
  for (const scale of group) {
    const end = start + tokensOf(scale);
    for (let query = start; query < end; query++) {
      const row = query * keys;
      seen.fill(1, row, row + always);
      seen.fill(1, row + keys - length + (causal ? 0 : start), row + keys - length + end);
    }
    start = end;
  }
  return tensor(seen, { dtype: 'bool', shape: [length, keys], device });
}

/** Segments of a sequence of whole scales: each scale sees itself and, by `visibility`, all earlier scales or only the start. */
export function segmentsOf(scales: Scales, visibility: Visibility, device: string): Segment[] {
  const causal = visibility === 'causal';
  const first = tokensOf(scales[0]!);
  let start = 0;
  return groupsOf(scales).map((group) => {
    const length = tokenCount(group);
    const whole = causal || start === 0;
    const keys: Segment['keys'] = whole ? [[0, start + length]] : [[0, first], [start, length]]; // prettier-ignore
    const count = whole ? start + length : first + length;
    const mask_NK = group.length > 1 ? groupMask(group, count, causal ? start : first, causal, device) : undefined;
    const segment = { start, length, keys, mask_NK };
    start += length;
    return segment;
  });
}
