// The arithmetic of few repetitions, against values worked out by hand.
import { expect, test } from 'vitest';
import { intervalText, relativeDifferences, spreadText, summarise, verdictOf } from './summary.js';

test('mean, deviation and the interval of three values', () => {
  const { mean, deviation, halfWidth } = summarise([4, 5, 6]);
  expect([mean, deviation]).toEqual([5, 1]);
  expect(halfWidth).toBeCloseTo(4.303 / Math.sqrt(3), 12);
});

test('beyond the table the quantile is near the true one', () => {
  const alternating = Array.from({ length: 31 }, (_, i) => (i % 2 ? 1 : -1));
  const { deviation, halfWidth } = summarise(alternating);
  expect((halfWidth * Math.sqrt(31)) / deviation).toBeCloseTo(2.042, 2); // t of 30 degrees of freedom
});

test('one value has no interval, and shows nothing', () => {
  const one = summarise([3]);
  expect(spreadText(one, 2)).toBe('3.00');
  expect(intervalText(one)).toBe('+3.0 %');
  expect(verdictOf(one)).toBe('no difference shown');
});

test('what is no number is a dash, and shows nothing', () => {
  const none = summarise([1, NaN]);
  expect([spreadText(none, 1), intervalText(none), verdictOf(none)]).toEqual(['–', '–', 'no difference shown']);
});

test('differences are paired and signed', () => {
  const differences = relativeDifferences([9, 19, 27], [10, 20, 30]);
  expect(differences.map((one) => one.toFixed(6))).toEqual(['-10.000000', '-5.000000', '-10.000000']);
  const summary = summarise(differences);
  expect(intervalText(summary)).toBe('−8.3 % [−15.5, −1.2]');
  expect(verdictOf(summary)).toBe('lower');
});
