// Fréchet distance, Inception Score, precision and recall on sets whose answers are known; golden values are checked in src/golden.
import { describe, expect, test } from 'vitest';
import { Generator, ones, ops, randn, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { frechetDistance } from './frechet.js';
import { inceptionScore } from './inceptionScore.js';
import { precisionRecall } from './precisionRecall.js';
import { statisticsOf } from './statistics.js';

const normal = (seed: number, ...shape: number[]): Tensor => randn(shape, { generator: new Generator(seed) });

describe('Fréchet distance', () => {
  test('is nought between equal sets, and symmetric', () => {
    scope(() => {
      const [a, b] = [normal(1, 300, 12), normal(2, 200, 12).mul(2).add(1)];
      expect(Math.abs(frechetDistance(a, a))).toBeLessThan(1e-6);
      expect(frechetDistance(a, b)).toBeCloseTo(frechetDistance(b, a), 6);
    });
  });
  test('a shift of the mean adds its square', () => {
    scope(() => {
      const a = normal(1, 300, 4);
      expect(frechetDistance(a, a.to('float64').add(tensor([3, 0, 4, 0])))).toBeCloseTo(25, 6);
    });
  });
  test('a scaling adds the squared differences of the deviations, whatever the correlations', () => {
    scope(() => {
      const a = normal(1, 300, 5)
        .to('float64')
        .matmul(normal(2, 5, 5).to('float64'));
      const centred = a.sub(a.mean([0]));
      const trace = statisticsOf(centred).covariance_DD.diagonal().sum().item();
      expect(frechetDistance(centred, centred.mul(3)) / (4 * trace)).toBeCloseTo(1, 8); // (3 − 1)² Tr Σ
    });
  });
  test('holds where covariances are singular', () => {
    scope(() => {
      const few = normal(1, 5, 20);
      expect(Math.abs(frechetDistance(few, few))).toBeLessThan(1e-5);
      expect(frechetDistance(zeros([10, 3]), ones([10, 3]))).toBeCloseTo(3, 9);
    });
  });
});

describe('statistics', () => {
  test('mean and unbiased covariance', () => {
    scope(() => {
      const features = tensor([[1, 2], [3, 2], [5, 8]]); // prettier-ignore
      const { count, mean_D, covariance_DD } = statisticsOf(features);
      expect([count, mean_D.toArray(), covariance_DD.toArray()]).toEqual([3, [3, 4], [4, 6, 6, 12]]);
      expect(() => statisticsOf(features.narrow(0, 0, 1))).toThrow(/at least 2 samples, got 1; sample more/);
    });
  });
});

describe('Inception Score', () => {
  test('is one for samples that are all alike, and the number of classes for sure and balanced ones', () => {
    scope(() => {
      expect(inceptionScore(normal(1, 1, 10).expand([40, 10]), 10)).toEqual({
        mean: expect.closeTo(1, 9) as number,
        deviation: expect.closeTo(0, 9) as number,
      });
      const sure = ops.cat(Array.from({ length: 5 }, () => ops.eye(4, { dtype: 'float32', device: 'cpu' })), 0).mul(300); // prettier-ignore
      expect(inceptionScore(sure, 20).mean).toBeCloseTo(4, 9);
    });
  });
  test('splits are consecutive', () => {
    scope(() => {
      const sorted = ops.cat([tensor([[300, 0]]).expand([4, 2]), tensor([[0, 300]]).expand([4, 2])], 0);
      expect(inceptionScore(sorted, 4).mean).toBeCloseTo(1, 9); // each split knows one class
      const { mean, deviation } = inceptionScore(sorted, 6); // four and two of a class, then two of one
      const first = Math.exp((4 * Math.log(6 / 4) + 2 * Math.log(6 / 2)) / 6);
      expect([mean, deviation]).toEqual([
        expect.closeTo((first + 1) / 2, 9) as number,
        expect.closeTo((first - 1) / 2, 9) as number,
      ]);
    });
  });
});

describe('precision and recall', () => {
  test('extremes', () => {
    scope(() => {
      const set = normal(1, 100, 6);
      expect(precisionRecall(set, set)).toEqual({ precision: 1, recall: 1 });
      expect(precisionRecall(set, set.add(100))).toEqual({ precision: 0, recall: 0 });
    });
  });
  test('samples of half the reference are precise and recall that half', () => {
    scope(() => {
      const [here, there] = [normal(1, 50, 2), normal(2, 50, 2).add(1000)];
      const found = precisionRecall(ops.cat([here, there], 0), here);
      expect(found).toEqual({ precision: 1, recall: 0.5 });
    });
  });
  test('by hand on a line: radii are distances to the k-th other', () => {
    scope(() => {
      const column = (...values: number[]) => tensor(values.map((value) => [value]));
      // k = 1: radii of the reference are 1, 1, 2, of the sample 6, 1, 1
      const found = precisionRecall(column(0, 1, 3), column(-1.5, 4.5, 5.5), 1);
      // only 4.5 lies within a reference radius (2 of 3); every reference lies within 6 of −1.5
      expect(found).toEqual({ precision: expect.closeTo(1 / 3, 12) as number, recall: 1 });
    });
  });
  test('blocks do not change the result', () => {
    scope(() => {
      const [a, b] = [normal(1, 90, 5), normal(2, 70, 5).mul(0.8)];
      expect(precisionRecall(a, b, 3, 7)).toEqual(precisionRecall(a, b));
    });
  });
});
