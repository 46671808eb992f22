// Entropies of small sets that can be worked out by hand, and the places of parents.
import { expect, test } from 'vitest';
import { uniforms } from '../../util/random.js';
import { conditionalEntropyOf, entropyOf, parentPlaces } from './information.js';

test('the entropy of counted values', () => {
  expect(entropyOf([1, 1, 2, 2])).toEqual({ plugIn: 1, millerMadow: 1 + 1 / (8 * Math.LN2) });
  expect(entropyOf([7, 7, 7]).plugIn).toBeCloseTo(0, 12);
});

test('given what settles it, nothing is left; given what has no say, all of it', () => {
  const parents = [0, 0, 1, 1];
  expect(conditionalEntropyOf([5, 5, 3, 3], parents, 8).plugIn).toBeCloseTo(0, 12);
  expect(conditionalEntropyOf([5, 3, 5, 3], parents, 8).plugIn).toBeCloseTo(1, 12);
});

test('the correction takes most of the bias of few values of many codes', () => {
  const random = uniforms(3);
  const values = Array.from({ length: 300 }, () => Math.floor(64 * random()));
  const { plugIn, millerMadow } = entropyOf(values);
  expect(plugIn).toBeLessThan(6 - 0.08);
  expect(Math.abs(millerMadow - 6)).toBeLessThan(0.05);
});

test('parents of tokens', () => {
  expect(parentPlaces(1, 2)).toEqual([0, 0, 0, 0]);
  expect(parentPlaces(2, 3)).toEqual([0, 0, 1, 0, 0, 1, 2, 2, 3]);
  expect(parentPlaces([1, 2], [2, 2])).toEqual([0, 1, 0, 1]);
});
