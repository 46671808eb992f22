// The order of training: a function of the seed and the number of images seen, so that resuming is a seek. Every image once an epoch.
import { permutation, seedFor } from '../util/random.js';

/** Indices of the images number `seen` … `seen + size − 1` of a training over `count` images. */
export function batchIndices(count: number, seed: number, seen: number, size: number): number[] {
  let epoch = -1;
  let order: (i: number) => number = (i) => i;
  return Array.from({ length: size }, (_, i) => {
    const now = Math.floor((seen + i) / count);
    if (now !== epoch) {
      epoch = now;
      order = permutation(count, seedFor(seed, 'epoch', epoch));
    }
    return order((seen + i) % count);
  });
}
