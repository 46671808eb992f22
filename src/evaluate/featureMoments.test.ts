// Moments that stream: the same bits in whatever blocks, order and hands the features come, kept through a file, and right.
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadWeights, saveWeights } from '../nn/index.js';
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
} from '../torch/index.js';
import { FeatureMoments } from './featureMoments.js';
import { type FeatureStatistics, statisticsAt, statisticsOf, statisticsOfMoments } from './statistics.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-moments-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const [count, width, rows] = [77, 5, 8]; // ten chunks, the last of five
const features = (): Tensor =>
  randn([count, width], { generator: new Generator(3) })
    .mul(2)
    .add(7);
const bits = ({ mean_D, covariance_DD }: Pick<FeatureStatistics, 'mean_D' | 'covariance_DD'>) =>
  Buffer.concat([mean_D.bytes(), covariance_DD.bytes()]).toString('hex');
const result = (moments: FeatureMoments) => bits(statisticsOfMoments(moments.whole()));

/** Moments of all features in one block. */
function atOnce(all_ND: Tensor): string {
  using moments = new FeatureMoments(width, rows);
  moments.add(0, all_ND);
  return result(moments);
}

/** Cuts 0 … count − 1 into consecutive blocks. */
const cuts = fc
  .uniqueArray(fc.integer({ min: 1, max: count - 1 }), { maxLength: 20 })
  .map((inner) => [0, ...inner.sort((a, b) => a - b), count])
  .map((ends) => ends.slice(1).map((end, i) => ({ first: ends[i]!, size: end - ends[i]! })));
/** Such blocks in any order, each with the process that has it. */
const dealt = cuts.chain((blocks) =>
  fc.tuple(
    fc.shuffledSubarray(blocks, { minLength: blocks.length }),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: blocks.length, maxLength: blocks.length }),
  ),
);

describe('blocks, order and processes', () => {
  test('never change a bit', () => {
    scope(() => {
      const all_ND = features();
      const expected = atOnce(all_ND);
      fc.assert(
        fc.property(dealt, ([blocks, owners]) => {
          const processes = Array.from({ length: 4 }, () => new FeatureMoments(width, rows));
          blocks.forEach(({ first, size }, i) => { processes[owners[i]!]!.add(first, all_ND.narrow(0, first, size)); }); // prettier-ignore
          const [whole, ...others] = processes as [FeatureMoments, ...FeatureMoments[]];
          for (const one of others) whole.merge(one);
          expect(result(whole)).toBe(expected);
          whole.dispose();
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
        moments.add(0, all_ND);
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
      for (let first = 0; first < count; first += size) moments.add(first, all_ND.narrow(0, first, Math.min(size, count - first))); // prettier-ignore
      expect(bits(statisticsOf(all_ND))).toBe(result(moments));
      const some = randint(0, count, [count + 10], { generator: new Generator(1) });
      expect(bits(statisticsAt(all_ND, some))).toBe(bits(statisticsOf(all_ND.indexSelect(0, some))));
    }
  });
});

describe('state', () => {
  test('saved in the middle of a chunk and restored, it goes on to the same bits', () => {
    scope(() => {
      const all_ND = features();
      const file = join(folder, 'moments.safetensors');
      for (const done of [0, 3, 16, 43, 77]) {
        using begun = new FeatureMoments(width, rows);
        if (done > 0) begun.add(0, all_ND.narrow(0, 0, done));
        saveWeights(file, begun.state());
        using restored = FeatureMoments.restore(loadWeights(file).tensors, width, rows);
        expect([restored.count, restored.has(0), restored.has(done)]).toEqual([done, done > 0, false]);
        if (done < count) restored.add(done, all_ND.narrow(0, done, count - done));
        expect(result(restored)).toBe(atOnce(all_ND));
      }
    });
  });
  test('nothing is left behind', () => {
    const before = liveTensors();
    scope(() => {
      const [a, b] = [new FeatureMoments(width, rows), new FeatureMoments(width, rows)];
      const all_ND = features();
      a.add(0, all_ND.narrow(0, 0, 30));
      b.add(30, all_ND.narrow(0, 30, 47));
      a.merge(b);
      a.dispose();
    });
    expect(liveTensors()).toBe(before);
  });
});

describe('what is wrong is told', () => {
  const block = (size: number) => tensor(new Float32Array(size * width), { shape: [size, width] });
  test('an image twice, in a chunk, in a complete one, and from another process', () => {
    scope(() => {
      using a = new FeatureMoments(width, rows);
      using b = new FeatureMoments(width, rows);
      a.add(0, block(11));
      for (const first of [3, 10]) expect(() => { a.add(first, block(1)); }).toThrow(`image ${first} was given twice`); // prettier-ignore
      b.add(0, block(8));
      expect(() => { a.merge(b); }).toThrow('image 0 was given twice'); // prettier-ignore
      using c = new FeatureMoments(width, rows);
      c.add(8, block(8));
      expect(() => { a.merge(c); }).toThrow('image 8 was given twice'); // prettier-ignore
    });
  });
  test('an image that is missing', () => {
    scope(() => {
      using moments = new FeatureMoments(width, rows);
      moments.add(0, block(3));
      moments.add(5, block(1));
      expect(() => moments.whole()).toThrow('the features of image 3 are missing');
      moments.add(3, block(2));
      moments.add(17, block(1));
      expect(() => moments.whole()).toThrow('the features of image 6 are missing');
      moments.add(6, block(11));
      expect(moments.whole().count).toBe(18);
      moments.add(32, block(8));
      expect(() => moments.whole()).toThrow('the features of image 16 are missing');
    });
  });
  test('features that are not finite, and of another width', () => {
    scope(() => {
      using moments = new FeatureMoments(width, rows);
      expect(() => { moments.add(0, block(2).narrow(1, 0, 4)); }).toThrow('expected features [B, 5], got [2, 4]'); // prettier-ignore
      expect(() => statisticsOf(tensor([[1, NaN], [2, 3]]))).toThrow('expected finite features'); // prettier-ignore
    });
  });
});
