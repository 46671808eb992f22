// The noise of figures: where intervals end, and what of wide features a few short lines tell.
import { expect, test } from 'vitest';
import { resampledFrechet, resampledMean } from '../../evaluate/index.js';
import { eye, Generator, randn, scope, tensor, zeros } from '../../torch/index.js';
import type { Metric } from './metrics.js';
import { withNoise } from './noise.js';

const width = 6;
const reference = () => ({ count: undefined, mean_D: zeros([width], { dtype: 'float64' }), covariance_DD: eye(width, { dtype: 'float64' }) }); // prettier-ignore
const samples = (seed: number, count: number) => randn([count, width], { generator: new Generator(seed) });
const distance = (resampled: Metric['resampled'], value: number): Metric => ({
  key: 'fd',
  name: 'FD',
  digits: 3,
  better: 'lower',
  range: [0, Infinity],
  value,
  resampled,
});

test('of wide features, intervals of the distance at infinitely many images hold the truth about as often as they say', () => {
  const truth = width * (0.3 ** 2 + 0.2 ** 2);
  let held = 0;
  for (let seed = 0; seed < 20; seed++)
    scope(() => {
      const resampled = resampledFrechet(reference(), samples(seed, 200).mul(1.3).add(0.2));
      const [figure] = withNoise('samples', [distance(resampled, 1)], { seed, replicates: 40, draw: 0, width: 2048 });
      const { replicates, low, high } = figure!.line!.interval!;
      expect(replicates).toBe(10);
      held += Number(low < truth && truth < high);
    });
  expect(held).toBeGreaterThanOrEqual(16); // 19 on average, with a standard deviation of 1
  scope(() => {
    const few = [distance(resampledFrechet(reference(), samples(1, 50)), 1)];
    const [figure] = withNoise('samples', few, { seed: 1, replicates: 5, draw: 0, width: 2048 });
    expect([figure!.line!.points.length, figure!.line!.interval]).toEqual([15, undefined]);
  });
});

test('an interval ends where the values do', () => {
  scope(() => {
    const found = withNoise(
      'samples',
      [
        distance(resampledFrechet(reference(), samples(1, 30)), 0),
        { key: 'share', name: 'share', digits: 4, better: 'higher', range: [0, 1], value: 1, resampled: resampledMean(tensor([1, 1, 1, 0, 1, 0, 1, 1, 0, 1])) }, // prettier-ignore
      ],
      { seed: 1, replicates: 20, draw: 0, width },
    );
    expect(found[0]!.estimate!.low).toBe(0);
    expect(found[1]!.estimate!.high).toBe(1);
    expect(found[1]!.estimate!.low).toBeLessThan(1);
  });
});
