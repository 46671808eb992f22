// Which class each image of a sampling gets: equal shares by design, in an order that the seed settles.
import { permutation, seedFor } from '../util/random.js';

/**
 * How the classes follow each other: in a random order; one class after the other; or in turn. The Inception Score depends on it, since it is the
 * mean over consecutive parts: sorted, each part would hold few classes.
 */
export type LabelOrder = 'shuffled' | 'sorted' | 'interleaved';

/**
 * The class (0 … classes − 1) of each of `count` images. Every class has the same share, or one image more where `count` does not divide: which ones
 * those are is random too where the order is, else they are the first. The list depends on nothing but the arguments.
 */
export function balancedLabels(count: number, classes: number, seed: number, order: LabelOrder = 'shuffled'): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  if (order === 'interleaved') return numbers.map((i) => i % classes);
  if (order === 'sorted') return numbers.map((i) => i % classes).sort((a, b) => a - b);
  const place = permutation(count, seedFor(seed, 'label order'));
  const classAt = permutation(classes, seedFor(seed, 'label shares'));
  return numbers.map((i) => classAt(place(i) % classes));
}
