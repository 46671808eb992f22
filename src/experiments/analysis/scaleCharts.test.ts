// Charts over scales: one legend, lines and bars of all series, whiskers where there are spreads.
import { expect, test } from 'vitest';
import { type Panel, scalePanels } from './scaleCharts.js';

const panel = (kind: Panel['kind'], spreads?: number[]): Panel => ({
  title: `as ${kind}`,
  yName: 'bits',
  kind,
  series: [
    { name: 'before', color: '#0072b2', values: [1, 2, undefined], ...(spreads && { spreads }) },
    { name: 'after <SAR>', color: '#d55e00', dash: 'dashed', values: [2, 1, 3] },
  ],
});
const count = (text: string, part: string) => text.split(part).length - 1;

test('panels beside each other with one legend', () => {
  const svg = scalePanels([panel('lines'), panel('bars')], [1, 2, [3, 4]]);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="1040" height="350">/);
  for (const title of ['as lines', 'as bars', '3 × 4']) expect(svg).toContain(title);
  expect(count(svg, '>before</text>')).toBe(1);
  expect(count(svg, '>after &#60;SAR&#62;</text>')).toBe(1);
  expect(count(svg, 'fill="#0072b2"')).toBeGreaterThanOrEqual(2); // two bars
  expect(svg).not.toContain('NaN');
});

test('whiskers, and bars that end at zero have none below it', () => {
  const lines = (spreads?: number[]) => count(scalePanels([panel('bars', spreads)], [1, 2, 3]), 'stroke="#222"');
  expect(lines([5, 1, 1]) - lines()).toBe(6); // a stem and two ends for each of two bars
  expect(lines([0, 0, 0])).toBe(lines());
});
