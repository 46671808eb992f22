// Spreads over images and seeds, and the jackknife against what is known of a mean.
import { expect, test } from 'vitest';
import { jackknife, spreadCell, spreadOfFigures, spreadOfImages } from './spread.js';

test('over images, and over seeds where there are several', () => {
  expect(spreadOfImages([[1, 2, 3]])).toEqual({ mean: 2, images: 1 });
  const two = spreadOfImages([[1, 2, 3], [3, 4, 5]]); // prettier-ignore
  expect(two).toEqual({ mean: 3, images: 1, seeds: Math.SQRT2 });
  expect(spreadCell(two, 2)).toBe('3.00 ± 1.00 [1.41]');
});

test('of figures without a value an image', () => {
  expect(spreadOfFigures([{ value: 2 }])).toEqual({ mean: 2 });
  expect(spreadOfFigures([{ value: 2, error: 1 }, { value: 4, error: 3 }])).toEqual({ mean: 3, images: 2, seeds: Math.SQRT2 }); // prettier-ignore
  expect(spreadCell({ mean: 2 }, 1)).toBe('2.0');
});

test('the jackknife of a mean is its standard error', () => {
  const values = Array.from({ length: 10 }, (_, i) => Math.sin(3 * i));
  const mean = values.reduce((a, b) => a + b) / 10;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const { value, error } = jackknife(10, (items) => items.reduce((sum, i) => sum + values[i]!, 0) / items.length);
  expect(value).toBeCloseTo(mean, 12);
  expect(error).toBeCloseTo(Math.sqrt(squares / 9 / 10), 12);
});

test('items that come in turn by class lose no class in any tenth', () => {
  const classes = Array.from({ length: 200 }, (_, i) => i % 10);
  const spread = jackknife(200, (items) => new Set(items.map((i) => classes[i])).size);
  expect(spread).toEqual({ value: 10, error: 0 });
  const mean = jackknife(200, (items) => items.reduce((sum, i) => sum + classes[i]!, 0) / items.length);
  expect(mean.value).toBeCloseTo(4.5, 12);
  expect(mean.error).toBeCloseTo(0, 12);
});
