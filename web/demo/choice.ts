// Choosing tokens from logits, and the small generator of random numbers that drawing takes.
// Legend: N tokens, V codes.

/** Draws numbers in [0, 1). */
export type Uniform = () => number;

/** A seeded generator (sfc32, of PractRand): small, fast, and the same on every machine. It is not libtorch's: it draws other numbers. */
export function uniformFrom(seed: number): Uniform {
  let [a, b, c, counter] = [0, seed | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next(); // until the seed is everywhere in the state
  return next;
}

/** The index of the largest of a row. */
function largest(values: Float32Array, start: number, length: number): number {
  let best = start;
  for (let i = start + 1; i < start + length; i++) if (values[i]! > values[best]!) best = i;
  return best - start;
}

/** An index of a row, drawn with the probabilities that its logits stand for. */
function drawn(logits: Float32Array, start: number, length: number, uniform: Uniform): number {
  const most = logits[start + largest(logits, start, length)]!;
  let total = 0;
  for (let i = start; i < start + length; i++) total += Math.exp(logits[i]! - most);
  let left = uniform() * total;
  for (let i = start; i < start + length; i++) {
    left -= Math.exp(logits[i]! - most);
    if (left < 0) return i - start;
  }
  return largest(logits, start, length); // rounding left a crumb of the mass
}

/** One token a position of logits [N, V] → [N]: drawn, or the most probable ones without `uniform`. */
export function chooseTokens(logits_NV: Float32Array, vocabulary: number, uniform?: Uniform): Int32Array {
  return Int32Array.from({ length: logits_NV.length / vocabulary }, (_, i) =>
    uniform ? drawn(logits_NV, i * vocabulary, vocabulary, uniform) : largest(logits_NV, i * vocabulary, vocabulary),
  );
}
