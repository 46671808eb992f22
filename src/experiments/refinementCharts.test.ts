// The charts of a report of refined arms, on results that are made up.
import { expect, test } from 'vitest';
import type { ArmResult, ReportSite } from './arms.js';
import { compareArms } from './comparison.js';
import { type Draw, drawsOf } from './draw.js';
import { differenceChart, guidanceChart, lossChart, temperatureChart } from './refinementCharts.js';

const headline = { key: 'fcd', name: 'FCD', digits: 2 };
const site = {
  ground: { name: 'ground', title: 'Ground' },
  assessor: { headline, columns: [headline] },
} as unknown as ReportSite;
const draws = { cfgs: [1, 2], temperatures: [1] };

function resultOf(arm: string, seed: number, fcd: number, loss: number): ArmResult {
  const losses = [100, 200, 300].map((seen) => [seen, loss] as const);
  const measurements = draws.cfgs.map((cfg) => ({ cfg, temperature: 1, figures: { images: 10, fcd: fcd + cfg } }));
  return { arm, seed, measurements, training: { stability: undefined, settings: '', losses } };
}

/** Arms with two seeds each. */
const results = [
  ...[9, 9.2].map((fcd, seed) => resultOf('control', seed, fcd, 3)),
  ...[8.9, 9.2].map((fcd, seed) => resultOf('sar', seed, fcd, 3.1)),
  ...[90, 100].map((fcd, seed) => resultOf('student', seed, fcd, 7)),
];
const arms = compareArms(results, 'control', { headline, columns: [headline] });
const says = (svg: string, text: string) => svg.includes(`>${text}</text>`);

test('an arm beyond the frame has its numbers in its name, and others have not', () => {
  const svg = differenceChart(arms, site)!;
  expect(says(svg, 'sar')).toBe(true);
  expect(says(svg, 'student')).toBe(true);
  expect(svg).toMatch(/>\+\d+\.\d % \[[^\]]+\]<\/text>/);
  expect(svg.match(/ % \[/g)).toHaveLength(1);
  expect(svg).toContain('arrows: beyond the frame');
});

test('where none is cut, no arrow is spoken of', () => {
  const svg = differenceChart(arms.filter(({ arm }) => arm !== 'student'), site)!; // prettier-ignore
  expect(svg).not.toContain('arrows');
  expect(differenceChart(arms.filter(({ arm }) => arm === 'control'), site)).toBeUndefined(); // prettier-ignore
});

test('guidance: a logarithmic scale for an arm far away, the control in dark grey', () => {
  const svg = guidanceChart(arms, site, draws, 'control');
  expect(says(svg, 'FCD, logarithmic')).toBe(true);
  expect(svg).toContain('stroke="#222"');
});

test('with several temperatures: against each axis at the arm’s own best of the other', () => {
  const both = { cfgs: [1, 2], temperatures: [1, 1.1] };
  const measurements = drawsOf(both).map((draw) => ({ ...draw, figures: { images: 10, fcd: 20 * draw.cfg - 10 * draw.temperature } })); // prettier-ignore
  const [only] = compareArms([{ arm: 'control', seed: 0, measurements }], 'control', { headline, columns: [headline] });
  const asked: number[][] = [];
  const seen = { ...only!, at: (draw: Draw) => (asked.push([draw.cfg, draw.temperature]), only!.at(draw)) };
  expect(guidanceChart([seen], site, both, 'control')).toContain('guidance, each arm at its own best temperature');
  expect(temperatureChart([seen], site, both, 'control')).toContain('temperature, each arm at its own best guidance');
  expect(asked).toEqual([[1, 1.1], [2, 1.1], [1, 1], [1, 1.1]]);
}); // prettier-ignore

test('losses: those of the arms, and below how far they lie above the control’s', () => {
  const svg = lossChart(results, site, 'control', 0);
  expect(says(svg, 'Ground: loss of each arm, seed 0')).toBe(true);
  expect(says(svg, 'above the control’s (nats), logarithmic')).toBe(true);
  const alone = lossChart(results.filter(({ arm }) => arm !== 'control'), site, 'control', 0); // prettier-ignore
  expect(alone).not.toContain('above the control');
});
