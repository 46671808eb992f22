// Inception Score on samples whose score is known; golden values are checked in src/golden.
import { describe, expect, test } from 'vitest';
import { Generator, ops, randn, scope, type Tensor, tensor } from '../torch/index.js';
import { inceptionScoreInOrder, inceptionScoreShuffled } from './inceptionScore.js';

const normal = (seed: number, ...shape: number[]): Tensor => randn(shape, { generator: new Generator(seed) });

describe('Inception Score', () => {
  test('is one for samples that are all alike, and the number of classes for sure and balanced ones', () => {
    scope(() => {
      expect(inceptionScoreInOrder(normal(1, 1, 10).expand([40, 10]), 10)).toEqual({
        mean: expect.closeTo(1, 9) as number,
        deviation: expect.closeTo(0, 9) as number,
      });
      const sure = ops.cat(Array.from({ length: 5 }, () => ops.eye(4, { dtype: 'float32', device: 'cpu' })), 0).mul(300); // prettier-ignore
      expect(inceptionScoreInOrder(sure, 20).mean).toBeCloseTo(4, 9);
    });
  });
  test('no class is too improbable', () => {
    scope(() => {
      expect(inceptionScoreInOrder(tensor([[0, 2000], [0, 2000]])).mean).toBeCloseTo(1, 9); // prettier-ignore
    });
  });
  test('splits are consecutive', () => {
    scope(() => {
      const sorted = ops.cat([tensor([[300, 0]]).expand([4, 2]), tensor([[0, 300]]).expand([4, 2])], 0);
      expect(inceptionScoreInOrder(sorted, 4).mean).toBeCloseTo(1, 9); // each split knows one class
      const { mean, deviation } = inceptionScoreInOrder(sorted, 6); // four and two of a class, then two of one
      const first = Math.exp((4 * Math.log(6 / 4) + 2 * Math.log(6 / 2)) / 6);
      expect([mean, deviation]).toEqual([
        expect.closeTo((first + 1) / 2, 9) as number,
        expect.closeTo((first - 1) / 2, 9) as number,
      ]);
    });
  });
  test('shuffled, samples that were sorted by class score as if they were not, and a seed decides it', () => {
    scope(() => {
      const sorted = ops.cat(Array.from({ length: 4 }, (_, k) => tensor([[0, 1, 2, 3].map((at) => (at === k ? 300 : 0))]).expand([500, 4])), 0); // prettier-ignore
      expect(inceptionScoreInOrder(sorted, 500).mean).toBeCloseTo(1, 9);
      const shuffled = inceptionScoreShuffled(sorted, 1, 500);
      expect(shuffled.mean).toBeGreaterThan(3.9);
      expect(inceptionScoreShuffled(sorted, 1, 500)).toEqual(shuffled);
      expect(inceptionScoreShuffled(sorted, 2, 500).mean).not.toBe(shuffled.mean);
    });
  });
});
