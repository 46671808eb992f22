// Which tokens see which, as segments: block-causal in teacher forcing, and the three readings of SAR's student pass.
// A sequence is one or more start tokens (the first scale) followed by the tokens of the later scales.
import type { Scales } from '../tokenizers/index.js';
import type { Segment } from './attention.js';

/** What a token sees: all earlier scales, or the start and its own scale alone. */
export type Visibility = 'causal' | 'own-scale';

/** Segments of a sequence of whole scales: each sees itself and, by `visibility`, all earlier scales or only the start. */
export function segmentsOf(scales: Scales, visibility: Visibility): Segment[] {
  const first = scales[0]! ** 2;
  let start = 0;
  return scales.map((side, i) => {
    const length = side * side;
    const own: Segment = { start, length, keys: [[0, start + length]] };
    const keys: Segment['keys'] =
      i === 0 ? [[0, length]] : visibility === 'causal' ? own.keys : [[0, first], [start, length]]; // prettier-ignore
    start += length;
    return { ...own, keys };
  });
}
