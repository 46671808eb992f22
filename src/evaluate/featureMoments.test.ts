// Moments that stream: the same bits in whatever blocks the features come, and right.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Generator,
  liveTensors,
  randint,
  randn,
  scope,
  setThreads,
  type Tensor,
  tensor,
  threads,
  zeros,
} from '../torch/index.js';
import { FeatureMoments } from './featureMoments.js';
import { type FeatureStatistics, statisticsAt, statisticsOf, statisticsOfMoments } from './statistics.js';

const [count, width, rows] = [77, 5, 8]; // ten chunks, the last of five
const features = (): Tensor => scope(() => randn([count, width], { generator: new Generator(3) }).mul(2).add(7)); // prettier-ignore
const bits = ({ mean_D, covariance_DD }: Pick<FeatureStatistics, 'mean_D' | 'covariance_DD'>) =>
  Buffer.concat([mean_D.bytes(), covariance_DD.bytes()]).toString('hex');
const result = (moments: FeatureMoments) => bits(statisticsOfMoments(moments.whole()));

/** Moments of all features in one block. */
function atOnce(all_ND: Tensor): string {
  using moments = new FeatureMoments(width, rows);
  moments.add(all_ND);
  return result(moments);
}

/** Cuts 0 … count − 1 into consecutive blocks. */
const cuts = fc
  .uniqueArray(fc.integer({ min: 1, max: count - 1 }), { maxLength: 20 })
  .map((inner) => [0, ...inner.sort((a, b) => a - b), count])
  .map((ends) => ends.slice(1).map((end, i) => ({ first: ends[i]!, size: end - ends[i]! })));
describe('blocks', () => {
  test('never change a bit', () => {
    scope(() => {
      const all_ND = features();
      const expected = atOnce(all_ND);
      fc.assert(
        fc.property(cuts, (blocks) => {
          using moments = new FeatureMoments(width, rows);
          for (const { first, size } of blocks) moments.add(all_ND.narrow(0, first, size));
          expect([moments.count, result(moments)]).toEqual([count, expected]);
        }),
        { numRuns: 60 },
      );
    });
  });
  test('nor do threads, at the size of a real feature', () => {
    scope(() => {
      const all_ND = randn([300, 512], { generator: new Generator(1) });
      const before = threads();
      const found = [1, 2].map((count) => {
        setThreads(count);
        return bits(statisticsOf(all_ND));
      });
      setThreads(before);
      expect(found[0]).toBe(found[1]);
    });
  });
  test('chunks of other sizes agree up to rounding', () => {
    scope(() => {
      const all_ND = features();
      const found = [1, 3, 8, 1024].map((size) => {
        using moments = new FeatureMoments(width, size);
        moments.add(all_ND);
        const { mean_D, covariance_DD } = statisticsOfMoments(moments.whole());
        return [...mean_D.toArray(), ...covariance_DD.toArray()];
      });
      for (const other of found.slice(1)) other.forEach((value, i) => { expect(value).toBeCloseTo(found[0]![i]!, 12); }); // prettier-ignore
    });
  });
});

test('statistics of a set are those of its stream, and of some of its members those of them alone', () => {
  scope(() => {
    for (const [count, size] of [
      [1024, 100],
      [1500, 1500],
      [2100, 700],
    ] as const) {
      const all_ND = randn([count, 3], { generator: new Generator(count) }); // prettier-ignore
      using moments = new FeatureMoments(3);
      for (let first = 0; first < count; first += size) moments.add(all_ND.narrow(0, first, Math.min(size, count - first))); // prettier-ignore
      expect(bits(statisticsOf(all_ND))).toBe(result(moments));
      const some = randint(0, count, [count + 10], { generator: new Generator(1) });
      expect(bits(statisticsAt(all_ND, some))).toBe(bits(statisticsOf(all_ND.indexSelect(0, some))));
    }
  });
});

test('nothing is left behind', () => {
  const before = liveTensors();
  {
    using all_ND = features();
    using moments = new FeatureMoments(width, rows);
    moments.add(all_ND);
    scope(() => void moments.whole());
  }
  expect(liveTensors()).toBe(before);
});

test('features that are not finite, and of another width', () => {
  scope(() => {
    using moments = new FeatureMoments(width, rows);
    expect(() => { moments.add(zeros([2, 4])); }).toThrow('expected features [B, 5], got [2, 4]'); // prettier-ignore
    expect(moments.whole().count).toBe(0);
    expect(() => statisticsOf(tensor([[1, NaN], [2, 3]]))).toThrow('expected finite features'); // prettier-ignore
  });
});
