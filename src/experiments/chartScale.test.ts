// Which scale values get, and its labels.
import { expect, test } from 'vitest';
import { isLogarithmic, logarithmicEnds, logarithmicTicks } from './chartScale.js';

test('logarithmic where values differ by factors, and never with zero or less', () => {
  expect(isLogarithmic([13, 15, 71])).toBe(true);
  expect(isLogarithmic([13, 15, 38])).toBe(false);
  expect(isLogarithmic([0, 71])).toBe(false);
  expect(isLogarithmic([-1, 71])).toBe(false);
  expect(isLogarithmic([])).toBe(false);
});

test.each([
  [12, 73, [15, 20, 30, 40, 50, 70]],
  [8, 260, [10, 20, 50, 100, 200]],
  [0.02, 6, [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]],
  [0.5, 60000, [1, 10, 100, 1000, 10000]],
])('labels from %d to %d', (low, high, ticks) => {
  expect(logarithmicTicks(low, high)).toEqual(ticks);
});

test('an axis holds all error bars, but those that reach far below the smallest mean do not stretch it', () => {
  const [low, high] = logarithmicEnds([[10, 1], [100, 20]]); // prettier-ignore
  expect(low).toBeLessThan(9);
  expect(low).toBeGreaterThan(7);
  expect(high).toBeGreaterThan(120);
  const [cut] = logarithmicEnds([[10, 12], [100, 20]]); // prettier-ignore
  expect(cut).toBeGreaterThan(4);
  expect(cut).toBeLessThan(5);
});
