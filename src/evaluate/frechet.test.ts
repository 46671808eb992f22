// Fréchet distance and statistics on sets whose answers are known; golden values are checked in src/golden.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eye, Generator, ones, randn, randperm, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { frechetDistance, frechetDistanceOf, FrechetFrom } from './frechet.js';
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
  test("is the limit of ADM's ridge on the diagonals where covariances are singular", () => {
    scope(() => {
      const [a, b] = [normal(1, 6, 20), normal(2, 9, 20).mul(1.5)].map(statisticsOf);
      const found = frechetDistanceOf(a!, b!);
      const errors = [1e-4, 1e-6, 1e-8].map((ridge) => {
        const [one, other] = [a!, b!].map((set) => {
          const diagonal_DD = eye(20, { dtype: 'float64' }).mul(ridge);
          return { ...set, covariance_DD: set.covariance_DD.add(diagonal_DD) };
        });
        return Math.abs(frechetDistanceOf(one!, other!) - found);
      });
      expect(errors.every((error, i) => error < 40 * Math.sqrt([1e-4, 1e-6, 1e-8][i]!))).toBe(true);
      expect(errors[2]).toBeLessThan(errors[0]! / 50);
    });
  });
  test('from one reference, whose root is taken once, it is the same', () => {
    scope(() => {
      const [a, b] = [normal(1, 60, 7), normal(2, 90, 7).mul(2)].map(statisticsOf);
      using from = new FrechetFrom(a!);
      expect(from.distance(b!)).toBe(frechetDistanceOf(a!, b!));
      expect(() => from.distance(statisticsOf(normal(1, 9, 6)))).toThrow('expected features of one width, got 7 and 6');
    });
  });
  test('rotations, orders and the roles of the two change nothing, whatever the width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 1000 }), (width, seed) => {
        scope(() => {
          const [a, b] = [normal(seed, 40, width), normal(seed + 1, 30, width).mul(1.3).add(0.2)].map((one) => one.to('float64')) as [Tensor, Tensor]; // prettier-ignore
          const expected = frechetDistance(a, b);
          const [, turn_DD] = statisticsOf(normal(seed + 2, 50, width)).covariance_DD.linalgEigh();
          const order = randperm(40, { generator: new Generator(seed) });
          for (const found of [
            frechetDistance(b, a),
            frechetDistance(a.matmul(turn_DD), b.matmul(turn_DD)),
            frechetDistance(a.indexSelect(0, order), b),
          ])
            expect(found).toBeCloseTo(expected, 9);
          expect(frechetDistance(a, a)).toBeCloseTo(0, 9);
        });
      }),
      { numRuns: 25 },
    );
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
