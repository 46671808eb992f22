// Chance is a function of numbers: even, independent, and the same for ever.
import { expect, test } from 'vitest';
import { chanceOf, chanceOfVariant, variantOf } from './chance.js';

const numbers = Array.from({ length: 4000 }, (_, i) => i);
const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

test('chance is even, and its parts tell nothing of each other', () => {
  const all = numbers.map((n) => chanceOf(3, n));
  const parts = [0, 1, 2].map((part) => all.map(({ crop }) => crop[part]!));
  const flips = all.map(({ flip }) => Number(flip));
  const thirds = numbers.map((n) => variantOf(3, n, 3));
  expect([...new Set(thirds)].sort()).toEqual([0, 1, 2]);
  const columns = [...parts, flips, thirds.map((k) => k / 2)];
  for (const [i, one] of columns.entries()) {
    expect(mean(one)).toBeCloseTo(0.5, 1);
    for (const other of columns.slice(i + 1))
      expect(Math.abs(mean(one.map((value, n) => (value - 0.5) * (other[n]! - 0.5))))).toBeLessThan(0.01);
  }
});

test('a crop of an image is its own: another seed, image or variant, another place', () => {
  const crops = [chanceOfVariant(1, 0, 0), chanceOfVariant(2, 0, 0), chanceOfVariant(1, 1, 0), chanceOfVariant(1, 0, 1)]; // prettier-ignore
  expect(new Set(crops.map(String)).size).toBe(4);
  expect(chanceOfVariant(1, 5, 2)).toEqual(chanceOfVariant(1, 5, 2));
  expect(numbers.every((n) => variantOf(0, n, 1) === 0)).toBe(true);
});

test('chance never changes: stores of tokens were cut by it', () => {
  expect(chanceOf(0, 0)).toEqual({ crop: [0.09683771281375586, 0.9839051595434, 0.0453027976448388], flip: false });
  expect([0, 1, 2, 3, 4, 5].map((n) => variantOf(0, n, 8))).toEqual([0, 3, 6, 7, 7, 3]);
  expect(chanceOfVariant(0, 0, 0)).toEqual([0.6003264409799038, 0.22521514812221732, 0.8888062674889319]);
});
