// Lists of scales to sample with: the published ones, and lists stretched to other sizes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sizeOf, tokenCount } from '../tokenizers/index.js';
import { publishedScales, stretchScales } from './scaleSchedule.js';

test('published lists have as many scales as their names say, and the token totals that the authors print', () => {
  const totals = { 6: 413, 8: 613, 9: 629, 10: 680, 11: 767, 12: 900, 13: 981, 14: 1102, 15: 2534 };
  const found = Object.entries(publishedScales).map(([length, scales]) => {
    expect(scales).toHaveLength(Number(length));
    return [length, tokenCount(scales)];
  });
  expect(Object.fromEntries(found)).toEqual(totals);
});

test('a stretched list begins with one token, ends at the size, and never shrinks or repeats', () => {
  const list = fc.constantFrom(...Object.values(publishedScales));
  fc.assert(
    fc.property(list, fc.integer({ min: 2, max: 64 }), fc.integer({ min: 2, max: 64 }), (scales, height, width) => {
      const stretched = stretchScales(scales, [height, width]);
      expect(sizeOf(stretched[0]!)).toEqual([1, 1]);
      expect(sizeOf(stretched.at(-1)!)).toEqual([height, width]);
      for (let i = 1; i < stretched.length; i++) {
        const [before, now] = [sizeOf(stretched[i - 1]!), sizeOf(stretched[i]!)];
        expect(now[0] >= before[0] && now[1] >= before[1] && now.join() !== before.join()).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

test('a list stretched to its own size is itself; a stretched rectangle is stretched along each side', () => {
  expect(stretchScales(publishedScales[9]!, [16, 16])).toEqual(publishedScales[9]);
  expect(stretchScales([1, [2, 3], [4, 6]], [8, 6])).toEqual([1, [4, 3], [8, 6]]);
  expect(stretchScales(publishedScales[10]!, [4, 4])).toEqual([1, 2, 3, 4]);
  expect(stretchScales([1], [3, 2])).toEqual([[3, 2]]);
});
