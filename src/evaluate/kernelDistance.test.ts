// Kernel distances against a plain double loop, and on sets whose distance is known.
import { describe, expect, test } from 'vitest';
import { Generator, randn, scope, type Tensor, zeros } from '../torch/index.js';
import { kernelDistance, subsetKernelDistance } from './kernelDistance.js';

const normal = (seed: number, ...shape: number[]): Tensor => randn(shape, { generator: new Generator(seed) });
const rows = (set: Tensor): number[][] => Array.from({ length: set.size(0) }, (_, i) => set.select(0, i).toArray());

function plain(a: number[][], b: number[][]): number {
  const kernel = (x: number[], y: number[]) =>
    (x.reduce((sum, value, i) => sum + value * y[i]!, 0) / x.length + 1) ** 3;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const within = (set: number[][]) =>
    mean(set.flatMap((x, i) => set.flatMap((y, j) => (i === j ? [] : [kernel(x, y)]))));
  return within(a) + within(b) - 2 * mean(a.flatMap((x) => b.map((y) => kernel(x, y))));
}

describe('kernel distance', () => {
  test('is the unbiased estimate of its definition, in tiles of any size, and symmetric', () => {
    scope(() => {
      const [a, b] = [normal(1, 23, 6), normal(2, 31, 6).mul(1.4).add(0.2)];
      const expected = plain(rows(a), rows(b));
      for (const tile of [{ rows: 5, columns: 7 }, { rows: 1, columns: 100 }, undefined])
        expect(kernelDistance(a, b, tile)).toBeCloseTo(expected, 10);
      expect(kernelDistance(b, a)).toBeCloseTo(expected, 10);
    });
  });
  test('of a constant feature from nought: (c² + 1)³ + 1 − 2', () => {
    scope(() => {
      const [a, b] = [zeros([4, 3]).add(2), zeros([5, 3])];
      expect(kernelDistance(a, b)).toBeCloseTo(5 ** 3 + 1 - 2, 9);
    });
  });
  test('is nought on average between sets of one distribution, whatever their size', () => {
    scope(() => {
      for (const size of [10, 100]) {
        const found = Array.from({ length: 200 }, (_, i) => kernelDistance(normal(2 * i, size, 4), normal(2 * i + 1, size, 4))); // prettier-ignore
        const mean = found.reduce((a, b) => a + b) / found.length;
        const error = Math.sqrt(found.reduce((sum, one) => sum + (one - mean) ** 2, 0)) / found.length;
        expect(Math.abs(mean)).toBeLessThan(3 * error);
      }
    });
  });
});

describe('subsets', () => {
  test('agree with the whole, are drawn by the seed, and are no larger than the sets', () => {
    scope(() => {
      const [a, b] = [normal(1, 600, 5), normal(2, 400, 5).mul(1.3)];
      const found = subsetKernelDistance(a, b, { seed: 1, subsets: 50, size: 200 });
      expect(Math.abs(found.mean - kernelDistance(a, b))).toBeLessThan(found.deviation / 3);
      expect(subsetKernelDistance(a, b, { seed: 1, subsets: 50, size: 200 })).toEqual(found);
      expect(subsetKernelDistance(a, b, { seed: 2, subsets: 50, size: 200 }).mean).not.toBe(found.mean);
      expect(subsetKernelDistance(a, b, { seed: 1, subsets: 2 }).size).toBe(400);
    });
  });
  test('of whole sets have nothing to vary in', () => {
    scope(() => {
      const [a, b] = [normal(1, 40, 5), normal(2, 40, 5)];
      const { mean, deviation } = subsetKernelDistance(a, b, { seed: 1, subsets: 3 });
      expect([mean, deviation]).toEqual([expect.closeTo(kernelDistance(a, b), 10), expect.closeTo(0, 10)]);
    });
  });
  test('what cannot be compared is told', () => {
    scope(() => {
      expect(() => kernelDistance(normal(1, 1, 3), normal(2, 4, 3))).toThrow('expected at least 2 images on either side, got 1'); // prettier-ignore
      expect(() => kernelDistance(normal(1, 3, 3), normal(2, 4, 2))).toThrow('expected features of one width, got 3 and 2'); // prettier-ignore
    });
  });
});
