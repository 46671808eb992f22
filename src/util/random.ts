// Randomness as a function of names and numbers: seeds that depend on what they are for, and orders that need no memory.

/** A 32-bit mixing step (the finaliser of MurmurHash3). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A stable hash of the parts: an integer in [0, 2^53), the seed of a generator. Other parts, other numbers. */
export function seedFor(...parts: readonly (string | number)[]): number {
  let high = 0x9e3779b9;
  let low = 0x243f6a88;
  for (const part of parts) {
    const text = `${typeof part}:${part};`;
    for (let i = 0; i < text.length; i++) {
      low = mix(low ^ text.charCodeAt(i));
      high = mix(high + low);
    }
  }
  return (high & 0x1fffff) * 2 ** 32 + low;
}

/** A seeded random order of 0 … n − 1 without a table: a Feistel network over the next power of four, cycle-walked into range. */
export function permutation(n: number, seed: number): (i: number) => number {
  let half = 1;
  while (4 ** half < n) half++;
  const mask = 2 ** half - 1;
  const keys = Array.from({ length: 6 }, (_, round) => mix(seedFor(seed, 'round', round) % 2 ** 32));
  const once = (value: number): number => {
    let left = Math.floor(value / 2 ** half);
    let right = value % 2 ** half;
    for (const key of keys) [left, right] = [right, (left ^ mix(right ^ key)) & mask];
    return left * 2 ** half + right;
  };
  return (i) => {
    let value = once(i);
    while (value >= n) value = once(value);
    return value;
  };
}

/** Numbers in [0, 1) for plain TypeScript code, from a seed; tensors use a Generator. */
export function uniforms(seed: number): () => number {
  let counter = 0;
  const base = seedFor(seed, 'uniforms');
  return () => seedFor(base, counter++) / 2 ** 53;
}
