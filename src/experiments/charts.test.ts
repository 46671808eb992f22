// What charts of compared arms show.
import { expect, test } from 'vitest';
import { whiskerChart } from './charts.js';

/** How many shapes of a chart are filled with the colour of its rows: dots are paths, arrowheads are polygons. */
const filled = (svg: string, shape: 'path' | 'polygon') =>
  svg.match(new RegExp(`<${shape}[^>]*fill="#5470c6"`, 'g'))?.length ?? 0;

const rows = [
  { name: 'near', value: 3, low: -2, high: 8 },
  { name: 'cut', value: 43, low: 18, high: 67 },
  { name: 'beyond\n+161 %', value: 161, low: 84, high: 238 },
];

test('values beyond the frame are arrows, not dots, and the axis ends there', () => {
  const svg = whiskerChart({ title: 'Title', xName: '%' }, rows, 60);
  expect(filled(svg, 'path')).toBe(2);
  expect(filled(svg, 'polygon')).toBe(2);
  for (const text of ['Title', 'near', 'cut', 'beyond', '+161 %', '60']) expect(svg).toContain(`>${text}</`);
  expect(svg).not.toMatch(/>(80|100|200|250)<\//);
});

test('without a frame, all are dots', () => {
  const svg = whiskerChart({ title: 'Title', xName: '%' }, rows);
  expect(filled(svg, 'path')).toBe(3);
  expect(filled(svg, 'polygon')).toBe(0);
  expect(svg).toContain('>250</');
});
