// What charts of curves show, as far as their SVG tells.
import { expect, test } from 'vitest';
import { bandChart, type BandCurve, courseChart } from './curveCharts.js';

const titles = { title: 'Title', xName: 'guidance', yName: 'FCD' };
const curve = (name: string, mean: number, role?: BandCurve['role']): BandCurve => ({
  name,
  role,
  points: [0.5, 1, 1.5].map((x) => [x, mean, 1] as const),
});
const says = (svg: string, text: string) => svg.includes(`>${text}</text>`);

/** Where error bars of a colour stand: the x of their upright lines. */
function uprights(svg: string, color: string): string[] {
  const lines = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"[^>]*stroke="(#\w+)"/g)];
  return lines.flatMap(([, x1, y1, x2, y2, stroke]) => (stroke === color && x1 === x2 && y1 !== y2 ? [x1!] : []));
}

test('curves that differ by factors are drawn on a logarithmic scale, others on a linear one', () => {
  const far = bandChart(titles, [curve('control', 10, 'control'), curve('γ = 1', 150)]);
  expect(says(far, 'FCD, logarithmic')).toBe(true);
  for (const label of ['10', '20', '50', '100']) expect(says(far, label)).toBe(true);
  const near = bandChart(titles, [curve('control', 10, 'control'), curve('sar', 12)]);
  expect(says(near, 'FCD')).toBe(true);
});

test('labels stand at the strengths of guidance alone', () => {
  const svg = bandChart(titles, [curve('control', 10, 'control'), curve('sar', 12)]);
  for (const label of ['0.5', '1', '1.5']) expect(says(svg, label)).toBe(true);
  expect(says(svg, '0.6') || says(svg, '0.4') || says(svg, '1.2')).toBe(false);
});

test('error bars of curves that coincide stand beside each other', () => {
  const svg = bandChart(titles, [curve('control', 10, 'control'), curve('sar', 10)]);
  const [control, sar] = [uprights(svg, '#222'), uprights(svg, '#2f62c9')];
  expect(control).toHaveLength(3);
  expect(sar).toHaveLength(3);
  expect(control.filter((x) => sar.includes(x))).toEqual([]);
});

test('at a guidance of 0 there is no axis across the error bars', () => {
  const points = [0, 1].map((x) => [x, 10, 1] as const);
  const svg = bandChart(titles, [{ name: 'control', points }]);
  expect(svg).toMatch(/d="M7[56](\.\d)? 360(\.\d)?L7[56](\.\d)? 40(\.\d)?"/); // the axis stands at the left edge
});

test('one strength of guidance, one curve, and none', () => {
  expect(says(bandChart(titles, [{ name: 'control', points: [[1, 10, 0]] }]), 'control')).toBe(true);
  expect(says(bandChart(titles, []), 'Title')).toBe(true);
  expect(bandChart(titles, [])).not.toContain('NaN');
});

test('courses of one name look alike in all panels and stand once in the legend', () => {
  const points = Array.from({ length: 20 }, (_, i) => [100 * i, 3 + (i % 2)] as const);
  const courses = [
    { name: 'control', role: 'control' as const, points },
    { name: 'sar', points },
  ];
  const svg = courseChart({ title: 'Title', xName: 'images seen' }, [
    { yName: 'loss', courses },
    { yName: 'above', courses: courses.slice(1), fromZero: true },
  ]);
  expect(says(svg, 'loss') && says(svg, 'above')).toBe(true);
  expect(svg.match(/>sar<\/text>/g)).toHaveLength(1);
  expect(svg.match(/>images seen<\/text>/g)).toHaveLength(1);
});
