// Bootstraps: intervals hold the value of other draws as often as they say, pairing narrows what is shared, and seeds decide everything.
import { describe, expect, test } from 'vitest';
import { eye, Generator, ops, randint, randn, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import {
  bootstrap,
  compareByBootstrap,
  compareReplicates,
  comparisonSentence,
  estimateOf,
  quantile,
  replicatesOf,
  type Resampled,
} from './bootstrap.js';
import { densityCoverage } from './densityCoverage.js';
import { frechetDistanceOf } from './frechet.js';
import { inceptionScoreShuffled } from './inceptionScore.js';
import { kernelDistance } from './kernelDistance.js';
import { precisionRecall } from './precisionRecall.js';
import { resampledRecall } from './recallOfHalves.js';
import {
  resampledDensityCoverage,
  resampledFrechet,
  resampledInceptionScore,
  resampledKernelDistance,
  resampledMean,
  resampledPrecisionRecall,
} from './resampledMetrics.js';
import { type FeatureStatistics, statisticsOf } from './statistics.js';

const normal = (seed: number, ...shape: number[]): Tensor => randn(shape, { generator: new Generator(seed) });
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((one) => (one - mean(values)) ** 2)));
/** The standard normal distribution itself. */
const standard = (width: number): FeatureStatistics => ({
  count: undefined,
  mean_D: zeros([width], { dtype: 'float64' }),
  covariance_DD: eye(width, { dtype: 'float64' }),
});
const all = (count: number) => tensor(BigInt64Array.from({ length: count }, (_, i) => BigInt(i)));

test('quantiles lie between neighbours', () => {
  expect([0, 0.1, 0.5, 0.75, 1].map((share) => quantile([4, 1, 2, 8, 3], share))).toEqual([1, 1.4, 2, 4, 8].map((value, i) => (i === 2 ? 3 : value))); // prettier-ignore
});

describe('one model', () => {
  test("a mean's standard error is σ / √N, and its interval the normal one", () => {
    scope(() => {
      const values = normal(1, 400).toArray();
      const found = bootstrap(resampledMean(tensor(values)), { seed: 1, replicates: 2000 });
      const error = deviation(values) / 20;
      expect(found.value).toBeCloseTo(mean(values), 6);
      expect(found.deviation / error).toBeCloseTo(1, 1);
      expect((found.high - found.low) / (2 * 1.96 * error)).toBeCloseTo(1, 1);
      expect(Math.abs(found.bias)).toBeLessThan(error / 10);
    });
  });
  test('intervals of the Fréchet distance hold what other draws give on average about as often as they say', () => {
    scope(() => {
      const [width, count, level] = [3, 150, 0.8];
      const reference = standard(width);
      const samples = (seed: number) => normal(seed, count, width).mul(1.3).add(0.2);
      const expected = mean(Array.from({ length: 1000 }, (_, i) => scope(() => frechetDistanceOf(reference, statisticsOf(samples(i)))))); // prettier-ignore
      const trials = 60;
      let held = 0;
      for (let trial = 0; trial < trials; trial++) {
        const metric = resampledFrechet(reference, samples(5000 + trial));
        const { low, high } = bootstrap(metric, { seed: trial, replicates: 100, level });
        if (low < expected && expected < high) held++;
      }
      // 48 of 60 on average; less than 38 or more than 57 would be three standard deviations off
      expect(held).toBeGreaterThan(38);
      expect(held).toBeLessThan(57);
    });
  });
  test('recall spreads over halves of the samples as it does over other samples', () => {
    scope(() => {
      const [references, count, width] = [1000, 120, 5];
      const reference = normal(1, references, width);
      const samples = (seed: number) => normal(seed, count, width).mul(0.8);
      const drawn = Array.from({ length: 150 }, (_, i) => scope(() => precisionRecall(reference, samples(10 + i)).recall)); // prettier-ignore
      const found = Array.from({ length: 12 }, (_, trial) => {
        using metric = resampledRecall(reference, samples(5000 + trial));
        return bootstrap(metric, { seed: trial, replicates: 60 });
      });
      const expected = deviation(drawn);
      const error = mean(found.map((one) => one.deviation)) / expected;
      // about 6 % each of twelve trials' mean and of 150 draws' deviation; were references resampled, it would be a third of what it is
      expect(Math.abs(error - 1)).toBeLessThan(0.2);
      expect(found.filter(({ low, high }) => low < mean(drawn) && mean(drawn) < high).length).toBeGreaterThanOrEqual(9);
    });
  });
  test('the seed decides', () => {
    scope(() => {
      const metric = resampledFrechet(standard(2), normal(1, 50, 2));
      const [a, b, other] = [1, 1, 2].map((seed) => bootstrap(metric, { seed, replicates: 20 }));
      expect(a).toEqual(b);
      expect(other!.deviation).not.toBe(a!.deviation);
      const seen: number[] = [];
      bootstrap(metric, { seed: 1, replicates: 3, each: (done, total) => seen.push(done, total) });
      expect(seen).toEqual([1, 3, 2, 3, 3, 3]);
      expect(() => bootstrap(metric, { seed: 1, replicates: 1 })).toThrow('expected at least 2 replicates');
    });
  });
});

describe('two models', () => {
  const compare = (a: Tensor, b: Tensor, paired: boolean) =>
    compareByBootstrap(resampledFrechet(standard(4), a), resampledFrechet(standard(4), b), { seed: 3, paired });

  test('of the same random numbers: pairing narrows the interval, and a difference that noise hid comes out', () => {
    scope(() => {
      const a = normal(1, 300, 4).mul(1.5);
      const b = a.mul(0.98).add(normal(2, 300, 4).mul(0.02));
      const [paired, unpaired] = [true, false].map((one) => compare(a, b, one));
      const length = ({ low, high }: { low: number; high: number }) => high - low;
      expect(length(paired!.difference)).toBeLessThan(length(unpaired!.difference) / 5);
      expect([paired!.exceedsNoise, unpaired!.exceedsNoise]).toEqual([true, false]);
      expect(paired!.difference.value).toBe(paired!.a.value - paired!.b.value);
      expect(paired!.a).toEqual(unpaired!.a);
    });
  });
  test('of one distribution, drawn independently, seldom differ', () => {
    scope(() => {
      let differ = 0;
      for (let trial = 0; trial < 40; trial++) {
        const [a, b] = [normal(2 * trial, 100, 2), normal(2 * trial + 1, 100, 2)].map((one) => resampledFrechet(standard(2), one.mul(1.5))); // prettier-ignore
        if (compareByBootstrap(a!, b!, { seed: trial, paired: false, replicates: 60 }).exceedsNoise) differ++;
      }
      expect(differ).toBeLessThan(8); // 2 of 40 on average, somewhat more with 60 replicates
    });
  });
  test('can be measured one after the other, and compared by what was kept', () => {
    scope(() => {
      const [a, b] = [normal(1, 60, 4), normal(2, 60, 4).mul(1.2)].map((one) => resampledFrechet(standard(4), one)) as [Resampled, Resampled]; // prettier-ignore
      const [one, other] = [a, b].map((metric) => replicatesOf(metric, { seed: 3, replicates: 30 }));
      const compared = compareByBootstrap(a, b, { seed: 3, replicates: 30, paired: true, level: 0.9 });
      expect(compareReplicates(one!, other!, { paired: true, level: 0.9 })).toEqual(compared);
      expect(() => compareReplicates(one!, { value: 1, found: [1, 2] }, { paired: false })).toThrow('got 30 and 2');
      expect(() => estimateOf(one!, 95)).toThrow('expected a level between 0 and 1, got 95');
    });
  });
  test('cannot be paired where their counts differ', () => {
    scope(() => {
      expect(() => compare(normal(1, 30, 4), normal(1, 31, 4), true)).toThrow('expected as many images of both models to pair them, got 30 and 31'); // prettier-ignore
      expect(compare(normal(1, 30, 4), normal(1, 31, 4), false).paired).toBe(false);
    });
  });
  test('a sentence says what was found', () => {
    scope(() => {
      const value = (which: number, spread: number) => tensor(Array.from({ length: 100 }, (_, i) => which + (i % 2 ? spread : -spread))); // prettier-ignore
      const names = { metric: 'precision', a: 'before', b: 'after', better: 'higher', images: 100 } as const;
      const tell = (a: Tensor, b: Tensor) => comparisonSentence(compareByBootstrap(resampledMean(a), resampledMean(b), { seed: 1, paired: true }), names); // prettier-ignore
      expect(tell(value(0.5, 0.25), value(0.75, 0.25))).toBe(
        'precision 0.50 (before) and 0.75 (after): the difference of -0.25 (95 % interval -0.25 to -0.25, paired) exceeds the noise of 100 images: after is better.',
      );
      expect(tell(value(0.5, 0.25), value(0.5, -0.25))).toMatch(/^precision 0\.500 \(before\) and 0\.500 \(after\): the difference of 0\.000 \(95 % interval -0\.\d{3} to 0\.\d{3}, paired\) does not exceed the noise of 100 images: which is better cannot be told\.$/); // prettier-ignore
    });
  });
});

describe('metrics of all images are those that are told without resampling', () => {
  test('precision, recall, density and coverage', () => {
    scope(() => {
      const [reference, sample] = [normal(1, 80, 3), normal(2, 60, 3).mul(0.8)];
      const { precision, recall } = resampledPrecisionRecall(reference, sample);
      expect({ precision: precision.of(all(60)), recall: recall.of(all(60)) }).toEqual(precisionRecall(reference, sample)); // prettier-ignore
      // and of a half, that of its samples as they are
      const half = tensor(BigInt64Array.from({ length: 30 }, (_, i) => BigInt((7 * i) % 60)));
      expect(recall.of(half)).toBe(precisionRecall(reference, sample.indexSelect(0, half)).recall);
      // copies of samples have balls that are points
      const twice = ops.cat([sample, sample, sample, sample, reference.narrow(0, 0, 4)], 0);
      using ofTwice = resampledRecall(reference, twice, 3, { rows: 7, columns: 11 });
      expect(ofTwice.of(all(244))).toBe(precisionRecall(reference, twice).recall);
      const { density, coverage } = resampledDensityCoverage(reference, sample);
      const expected = densityCoverage(reference, sample);
      expect(density.of(all(60))).toBeCloseTo(expected.density, 12);
      expect(coverage.of(all(60))).toBeCloseTo(expected.coverage, 12);
      // and of a resample, those of its images as they are
      const some = tensor(BigInt64Array.from([3n, 3n, 17n, 40n, 41n, 3n]));
      const resampled = densityCoverage(reference, sample.indexSelect(0, some));
      expect(density.of(some)).toBeCloseTo(resampled.density, 12);
      expect(coverage.of(some)).toBeCloseTo(resampled.coverage, 12);
      // with more samples than are looked at about a reference: blurred ones, all within many balls, and copies
      const blurred = ops.cat([normal(3, 150, 3).mul(0.05), sample.narrow(0, 0, 50), sample.narrow(0, 0, 50)], 0);
      const { coverage: ofMany, density: densityOfMany } = resampledDensityCoverage(reference, blurred, 5, {
        rows: 7,
        columns: 11,
      });
      for (const seed of [1, 2, 3]) {
        const index = randint(0, 250, [250], { generator: new Generator(seed) });
        const wanted = densityCoverage(reference, blurred.indexSelect(0, index));
        expect(ofMany.of(index)).toBeCloseTo(wanted.coverage, 12);
        expect(densityOfMany.of(index)).toBeCloseTo(wanted.density, 12);
      }
    });
  });
  test('kernel distance', () => {
    scope(() => {
      const [reference, sample] = [normal(1, 40, 3), normal(2, 30, 3).mul(0.8)];
      const metric = resampledKernelDistance(reference, sample, { rows: 7, columns: 11 });
      expect(metric.of(all(30))).toBeCloseTo(kernelDistance(reference, sample), 10);
      const some = tensor(BigInt64Array.from([3n, 3n, 17n, 20n, 21n, 3n]));
      expect(metric.of(some)).toBeCloseTo(kernelDistance(reference, sample.indexSelect(0, some)), 10);
      expect(() => resampledKernelDistance(reference, zeros([16_385, 3]))).toThrow('expected at most 16384 images to be resampled, got 16385'); // prettier-ignore
    });
  });
  test('Fréchet distance and Inception Score', () => {
    scope(() => {
      const [reference, sample] = [normal(1, 80, 3), normal(2, 60, 3).mul(0.8)];
      const statistics = statisticsOf(reference);
      expect(resampledFrechet(statistics, sample).of(all(60))).toBe(
        frechetDistanceOf(statistics, statisticsOf(sample)),
      );
      const logits = ops.cat([normal(1, 60, 4), normal(2, 60, 4).mul(3)], 0);
      const found = bootstrap(resampledInceptionScore(logits, 3, 40), { seed: 1, replicates: 50 });
      expect(found.value).toBe(inceptionScoreShuffled(logits, 3, 40).mean);
      expect(found.deviation).toBeGreaterThan(0);
    });
  });
  test('samples that are sorted by class have the Inception Score of shuffled ones, and an interval about it', () => {
    scope(() => {
      const sorted = ops.eye(4, { dtype: 'float32', device: 'cpu' }).mul(300).repeatInterleave(100, 0);
      const { value, low, high } = bootstrap(resampledInceptionScore(sorted, 1, 100), { seed: 1, replicates: 50 });
      expect([low > 3.8, low <= value, value <= high, high < 4.2]).toEqual([true, true, true, true]);
    });
  });
});
