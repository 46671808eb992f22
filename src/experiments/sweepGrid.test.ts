// Ranges and grids: every value is where it should be, none is off by a rounding, and mistakes end in a sentence.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sentenceOf } from '../../test/sentence.js';
import { filtersOf, filterText, gridPoints, parseValues, pointName, pointText } from './sweepGrid.js';

const parse = (text: string) => parseValues('--cfg', text);

describe('values', () => {
  test.each([
    ['2', [2]],
    ['0,900', [0, 900]],
    ['3, 1,2,1', [1, 2, 3]],
    ['1:2:0.25', [1, 1.25, 1.5, 1.75, 2]],
    ['1:2:0.3', [1, 1.3, 1.6, 1.9]],
    ['0:0.3:.1', [0, 0.1, 0.2, 0.3]],
    ['1:3:1,1.5:2:0.25', [1, 1.5, 1.75, 2, 3]],
    ['2:2:1', [2]],
  ])('%s', (text, values) => {
    expect(parse(text)).toEqual(values);
  });

  test('a range holds every multiple of its step from one end to the other, as decimals say it', () => {
    const range = fc.record({ digits: fc.nat(4), from: fc.nat(5000), steps: fc.nat(200), step: fc.integer({ min: 1, max: 500 }), rest: fc.nat(499) }); // prettier-ignore
    fc.assert(
      fc.property(range, ({ digits, from, steps, step, rest }) => {
        const say = (units: number) => (units / 10 ** digits).toFixed(digits);
        const values = parse(`${say(from)}:${say(from + steps * step + (rest % step))}:${say(step)}`);
        expect(values).toEqual(Array.from({ length: steps + 1 }, (_, i) => Number(say(from + i * step))));
      }),
    );
  });

  test.each([
    ['', /^--cfg: expected a number or a range FROM:TO:STEP, such as 1:4:0\.25, got ''$/],
    ['1,,2', /got ''$/],
    ['1:4', /got '1:4'$/],
    ['-1', /got '-1'$/],
    ['a:b:c', /got 'a:b:c'$/],
    ['1:4:0', /expected a step above 0, got '1:4:0'$/],
    ['4:1:0.5', /expected a range that ends above its beginning, got '4:1:0\.5'$/],
    ['0:10:0.001', /expected at most 1000 values, got 10001 of '0:10:0\.001'; take a larger step$/],
  ])("'%s' is refused", (text, sentence) => {
    expect(sentenceOf(() => parse(text))).toMatch(sentence);
  });
});

describe('points', () => {
  const grid = { cfg: [1, 2], topK: [0, 900], topP: [0], temperature: [1, 0.9] };
  test('guidance changes first', () => {
    const points = gridPoints(grid);
    expect(points).toHaveLength(8);
    expect(points.slice(0, 3).map(pointName)).toEqual(['cfg1', 'cfg2', 'cfg1-t0.9']);
    expect(new Set(points.map(pointName)).size).toBe(8);
    expect(points.slice(-2).map(pointText)).toEqual([
      'guidance 1, top-k 900, temperature 0.9',
      'guidance 2, top-k 900, temperature 0.9',
    ]);
    expect(filtersOf(grid).map(filterText)[0]).toBe('all codes');
  });
  test('too many', () => {
    const many = Array.from({ length: 101 }, (_, i) => i);
    expect(sentenceOf(() => gridPoints({ ...grid, cfg: many, topK: many }))).toMatch(/at most 10000 points, .* 20402/);
  });
});
