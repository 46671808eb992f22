// What the sampling flags are read as, without a model.
import { describe, expect, test } from 'vitest';
import { parseScales, scalesFrom } from './samplingOptions.js';
import { planFrom } from './samplePlan.js';

const own = [1, 2, 3, 4, 6, 8];

describe('lists of scales', () => {
  test('sides, and height x width', () => {
    expect(parseScales('--scales', '1,2,3,4x6, 8×12,5x5')).toEqual([1, 2, 3, [4, 6], [8, 12], 5]);
  });

  test.each(['', '1,,2', '0', '1,2x', '1,-2', '1.5', '2x3x4', '1e2', '1,999999'])('refuses %j', (text) => {
    expect(() => parseScales('--scales', text)).toThrow(/^--scales: expected a side or height x width, .*, got '/);
  });

  test("the generator's own, a published list, one given, or one stretched to a size", () => {
    expect(scalesFrom({}, own, 4)).toBe(own);
    expect(scalesFrom({ scales: '1,4' }, own, 4)).toEqual([1, 4]);
    expect(scalesFrom({ schedule: 6 }, own, 16)).toEqual([1, 2, 4, 6, 10, 16]);
    expect(scalesFrom({ size: '32' }, own, 4)).toEqual(own);
    expect(scalesFrom({ size: '32x48' }, own, 4)).toEqual([1, [2, 3], [3, 5], [4, 6], [6, 9], [8, 12]]);
    expect(scalesFrom({ schedule: 6, size: '512x256' }, own, 16)).toEqual([1, [4, 2], [8, 4], [12, 6], [20, 10], [32, 16]]); // prettier-ignore
  });

  test.each([
    [{ schedule: 7 }, '--schedule: expected one of 6, 8, 9, 10, 11, 12, 13, 14, 15, got 7; --scales takes any list'],
    [{ size: '250x384' }, '--size: expected sides divisible by 16, got 250x384; the nearest is 256x384'],
    [{ size: '3' }, '--size: expected sides divisible by 16, got 3; the nearest is 16x16'],
    [{ scales: '1,2', size: '32' }, '--scales: expected without --schedule and --size, which choose the scales too'],
  ])('refuses %j', (flags, sentence) => {
    expect(() => scalesFrom(flags, own, 16)).toThrow(sentence);
  });
});

describe('plans', () => {
  const flags = { class: [], count: 2, seed: 5 };
  const classes = ['cat', 'dog', 'owl'];

  test('a row a class, with the same seeds in every row', () => {
    const { images, columns, rowLabels } = planFrom({ ...flags, class: ['owl', '0'] }, classes);
    expect(images).toEqual([2, 2, 0, 0].map((label, i) => ({ label, seed: 5 + (i % 2) })));
    expect([columns, rowLabels]).toEqual([2, ['owl', 'cat']]);
    const given = planFrom({ ...flags, class: ['dog'], seeds: '9,3,7' }, classes);
    expect(given.images.map(({ seed }) => seed)).toEqual([9, 3, 7]);
  });

  test('a number in all, of the chosen classes in equal shares, each with a seed of its own', () => {
    for (const order of ['shuffled', 'sorted', 'interleaved']) {
      const { images } = planFrom({ ...flags, class: ['owl', 'cat'], total: 6, order }, classes);
      expect(images.filter(({ label }) => label === 2)).toHaveLength(3);
      expect(images.filter(({ label }) => label === 0)).toHaveLength(3);
      expect(images.map(({ seed }) => seed)).toEqual([5, 6, 7, 8, 9, 10]);
    }
    expect(() => planFrom({ ...flags, total: 6, order: 'random' }, classes)).toThrow(/--order: expected shuffled, sor/);
    expect(() => planFrom({ ...flags, order: 'sorted' }, classes)).toThrow('--order: expected together with --total');
  });
});
