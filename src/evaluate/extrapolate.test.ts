// Extrapolation and counts: the truth of normal distributions is known, and what few images give lies above it.
import { describe, expect, test } from 'vitest';
import { eye, Generator, randn, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { bootstrap, type Estimate } from './bootstrap.js';
import { extrapolate, extrapolationCounts, resampledInfinity } from './extrapolate.js';
import { resampledFrechet } from './resampledMetrics.js';
import { assessCount, imagesToDetect, smallestDetectable } from './sampleCount.js';

const normal = (seed: number, ...shape: number[]): Tensor => randn(shape, { generator: new Generator(seed) });

describe('extrapolation', () => {
  test('comes nearer to the true distance than any of the counts it is made of', () => {
    scope(() => {
      const width = 48;
      const reference = { count: undefined, mean_D: zeros([width], { dtype: 'float64' }), covariance_DD: eye(width, { dtype: 'float64' }) }; // prettier-ignore
      const truth = width * (0.05 ** 2 + 0.1 ** 2); // ‖μ‖² and (σ − 1)² of each dimension
      for (let seed = 0; seed < 6; seed++) {
        const samples = normal(seed, 1500, width).mul(1.05).add(0.1);
        const { infinity, slope, points, residual } = extrapolate(resampledFrechet(reference, samples), { seed, smallest: 300 }); // prettier-ignore
        const nearest = Math.min(...points.map(({ value }) => Math.abs(value - truth)));
        expect(Math.abs(infinity - truth)).toBeLessThan(nearest);
        expect(slope).toBeGreaterThan(0);
        expect(residual).toBeLessThan(slope / 300 / 10);
        expect(points.map(({ count }) => count)).toEqual(extrapolationCounts(1500, { smallest: 300 }));
      }
    });
  });
  test('its intervals hold the truth about as often as they say', () => {
    scope(() => {
      const width = 6;
      const reference = { count: undefined, mean_D: zeros([width], { dtype: 'float64' }), covariance_DD: eye(width, { dtype: 'float64' }) }; // prettier-ignore
      const truth = width * (0.3 ** 2 + 0.2 ** 2);
      const trials = 30;
      const held = { infinity: 0, count: 0 };
      for (let seed = 0; seed < trials; seed++)
        scope(() => {
          const metric = resampledFrechet(reference, normal(seed, 200, width).mul(1.3).add(0.2));
          const options = { seed, replicates: 50, level: 0.8 };
          const holds = ({ low, high }: Estimate) => Number(low < truth && truth < high);
          held.infinity += holds(bootstrap(resampledInfinity(metric, { seed, counts: 4, smallest: 60 }), options));
          held.count += holds(bootstrap(metric, options));
        });
      // 24 of 30 on average, with a standard deviation of 2.2; the value at 200 images lies above the truth
      expect(held.infinity).toBeGreaterThanOrEqual(18);
      expect(held.infinity).toBeLessThanOrEqual(29);
      expect(held.count).toBeLessThan(held.infinity);
    });
  });
  test('of a metric that is a line in 1/N is that line, and a seed decides the subsets', () => {
    const drawn: number[][] = [];
    const metric = {
      count: 900,
      of: (index_n: Tensor) => {
        drawn.push(index_n.toArray());
        return 5 + 30 / index_n.size(0);
      },
    };
    const seen: number[] = [];
    const found = extrapolate(metric, { seed: 1, counts: 4, each: (done) => seen.push(done) });
    expect(found.infinity).toBeCloseTo(5, 9);
    expect(found.slope).toBeCloseTo(30, 6);
    expect(found.residual).toBeCloseTo(0, 9);
    expect(drawn.map((one) => new Set(one).size)).toEqual([225, 450, 675, 900]);
    expect(seen).toEqual([1, 2, 3, 4]);
    const first = drawn.splice(0);
    extrapolate(metric, { seed: 1, counts: 4 });
    expect(drawn).toEqual(first);
    extrapolate(metric, { seed: 2, counts: 4 });
    expect(drawn.slice(4)).not.toEqual(first);
  });
  test('counts are evenly spaced, from 5000 on where there are 50,000 images', () => {
    const counts = extrapolationCounts(50_000, {});
    expect([counts.length, counts[0], counts[1], counts.at(-1)]).toEqual([15, 5000, 8214, 50_000]);
    expect(extrapolationCounts(10_000, {})[0]).toBe(2000);
    expect(extrapolationCounts(1000, {})[0]).toBe(250);
    expect(extrapolationCounts(6, { smallest: 4 })).toEqual([4, 5, 6]);
    for (const wrong of [{ counts: 1 }, { smallest: 1 }, { smallest: 100 }])
      expect(() => extrapolationCounts(100, wrong)).toThrow('draw more images');
  });
});

describe('how many images it takes', () => {
  test('the error falls with the root of the count', () => {
    expect(smallestDetectable(1)).toBeCloseTo(1.959964 + 0.841621, 4);
    expect(imagesToDetect(1000, 1, smallestDetectable(1))).toBe(1000);
    expect(imagesToDetect(1000, 1, smallestDetectable(1) / 2)).toBe(4000);
  });
  test('differences of the detectable size are detected in four of five comparisons', () => {
    scope(() => {
      const count = 100;
      const one = (seed: number) => normal(seed, count).mean().item();
      const error = 1 / Math.sqrt(count);
      const difference = smallestDetectable(Math.SQRT2 * error);
      const trials = 400;
      let found = 0;
      for (let i = 0; i < trials; i++) if (Math.abs(one(2 * i) + difference - one(2 * i + 1)) > 1.96 * Math.SQRT2 * error) found++; // prettier-ignore
      expect(Math.abs(found / trials - 0.8)).toBeLessThan(0.06);
    });
  });
  test('warns where the count is too small, and where the count makes the value', () => {
    const few = assessCount({ value: 20, deviation: 1 }, 500, { metric: 'FID', line: { slope: 2000 } });
    expect(few.detectable).toBeCloseTo(2.8016 * Math.SQRT2, 9);
    expect(few.bias).toBe(4);
    expect(few.warnings).toEqual([
      'FID: 500 images are too few to tell models apart that differ by 1: drawn independently, they must differ by 3.96; about 7849 images of each would do.',
      'FID: about 4 of 20 is owed to the count of 500 images; compare it with values at the same count only, or compare the extrapolations.',
    ]);
    const many = assessCount({ value: 20, deviation: 0.1 }, 50_000, { metric: 'FID', line: { slope: 2000 } });
    expect(many.warnings).toEqual([]);
    const asked = assessCount({ value: 20, deviation: 0.1 }, 50_000, { metric: 'FID', difference: 0.2 });
    expect([asked.bias, asked.warnings.length]).toEqual([undefined, 1]);
    const narrow = assessCount({ value: 20, deviation: 0.01 }, 2048, { metric: 'FID', width: 2048 });
    expect(narrow.warnings).toEqual([expect.stringMatching(/^FID: 2048 images cannot fill 2048 dimensions, and their covariance is singular/)]); // prettier-ignore
  });
  test('with the standard error of a bootstrap', () => {
    scope(() => {
      const samples = normal(1, 200, 3).mul(1.2);
      const reference = { count: undefined, mean_D: tensor([0, 0, 0], { dtype: 'float64' }), covariance_DD: eye(3, { dtype: 'float64' }) }; // prettier-ignore
      const estimate = bootstrap(resampledFrechet(reference, samples), { seed: 1, replicates: 40 });
      const { detectable, warnings } = assessCount(estimate, 200, { metric: 'distance' });
      expect(detectable).toBeGreaterThan(estimate.deviation);
      expect(warnings[0]).toMatch(/^distance: 200 images are too few to tell models apart that differ by /);
    });
  });
});
