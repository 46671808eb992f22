// The arms of an experiment, really trained for a step on made-up images with the shipped generator: nothing is made twice, and records are all that is needed.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { ImageSet } from '../data/index.js';
import type { Assessor } from '../recipes/index.js';
import { type ArmOptions, runArms, type Site } from './arms.js';
import { control } from './catalogue.js';
import { compareArms } from './comparison.js';
import { drawsOf } from './draw.js';
import { grounds } from './grounds.js';
import { pageMarkdown } from './page.js';
import { ArmRecord } from './record.js';
import { drawsTable, qualityTable, refinementPage, stabilityTable } from './refinementReport.js';
import { intervalText } from './summary.js';

const classes = ['top', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'boot'];
const count = 40;
const train: ImageSet = {
  name: 'stripes',
  split: 'train',
  classes,
  height: 32,
  width: 32,
  channels: 1,
  pixels: Uint8Array.from({ length: count * 32 * 32 }, (_, i) => (i * 7) % 256),
  labels: Uint16Array.from({ length: count }, (_, i) => i % 10),
};

/** Strengths of guidance that were measured at; as words at another temperature than 1. */
const measured: (number | string)[] = [];
const assessor: Assessor = {
  headline: { key: 'fcd', name: 'FCD', digits: 2 },
  columns: [{ key: 'fcd', name: 'FCD', digits: 2 }],
  reference: 'made up',
  fingerprint: 'made up',
  assess: (_, { guidance, temperature }) => {
    const cfg = guidance?.shape === 'ramp' ? guidance.scale : 0;
    measured.push(temperature === 1 ? cfg : `${cfg}, temperature ${String(temperature)}`);
    return { fcd: 10 + (cfg - 1) ** 2 };
  },
};

const out = mkdtempSync(join(tmpdir(), 'scalewise-arms-'));
afterAll(() => {
  rmSync(out, { recursive: true });
});
beforeEach(() => {
  measured.length = 0;
});

const said: string[] = [];
const options: ArmOptions = {
  out, device: 'cpu', threads: 1, say: (line) => said.push(line), seeds: { first: 0, last: 1 }, cfgs: [0, 1], temperatures: [1], topK: 0, topP: 0, count: 10, batchSize: 10,
  set: ['images=4', 'batchSize=4', 'every.sample=0', 'data=stripes'],
}; // prettier-ignore
const site: Site = {
  ground: grounds['fashion-mnist']!,
  data: 'stripes',
  train,
  generator: 'weights/fashion-mnist/generator.safetensors',
  assessor,
};
const arms = [control, { name: 'sar', set: ['forcing=sar'] }];

test('arms are trained and measured seed by seed, and kept as records', { timeout: 240_000 }, async () => {
  const { results, end } = await runArms(site, arms, options);
  expect(end).toBe('done');
  expect(results.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual(['before 0', 'control 0', 'sar 0', 'control 1', 'sar 1']); // prettier-ignore
  expect(measured).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  expect(results[1]!.training!.losses).toHaveLength(1);
  expect(results[1]!.training!.stability!.gradientMean).toBeGreaterThan(0);
});

test(
  'the same again trains and measures nothing, not even without the run folders; a new guidance is measured, and a new temperature',
  { timeout: 240_000 },
  async () => {
    const models = join(out, 'models');
    rmSync(models, { recursive: true });
    const { results } = await runArms(site, arms, options);
    expect(measured).toEqual([]);
    expect(existsSync(models)).toBe(false);
    const wider = await runArms(site, [control], { ...options, seeds: { first: 0, last: 0 }, cfgs: [0, 1, 2] });
    expect(measured).toEqual([2, 2]); // the control is trained again for it, to the same weights
    expect(wider.results[1]!.measurements.slice(0, 2)).toEqual(results[1]!.measurements);
    await runArms(site, [control], { ...options, seeds: { first: 0, last: 0 }, cfgs: [1], temperatures: [1, 1.2] });
    expect(measured.slice(2)).toEqual(['1, temperature 1.2', '1, temperature 1.2']);
  },
);

test('records of another generator are refused', () => {
  const path = join(out, 'records', 'fashion-mnist', 'before.json');
  expect(() => new ArmRecord(path, 'another')).toThrow(
    /^.*before\.json: expected a record of the generator another…, found one of [0-9a-f]{16}…;/,
  );
});

test('the report holds table, readings and figures of what came out', async () => {
  const { results } = await runArms(site, arms, options);
  const folder = mkdtempSync(join(out, 'report-'));
  const experiment = { name: 'try', title: 'A try', source: 'Table 0', hypothesis: 'None.', arms };
  const page = await refinementPage(folder, experiment, [{ site, results }], options, 'scalewise experiment try');
  const text = pageMarkdown(page);
  expect(text).toContain('| control | 1 (end) | 2 | 10.00 ± 0.00 | – | – |');
  expect(text).toContain('| sar | 1 (end) | 2 | 10.00 ± 0.00 | +0.0 % [+0.0, +0.0] | +0.0 % [+0.0, +0.0] |');
  for (const name of ['differences', 'guidance', 'losses'])
    expect(existsSync(join(folder, `fashion-mnist-${name}.svg`))).toBe(true);
});

test('each arm counts at its own best guidance and at the control’s; a diverged seed is left out', () => {
  const result = (arm: string, seed: number, ...fcds: number[]) => ({
    arm,
    seed,
    measurements: fcds.map((fcd, i) => ({ cfg: i, temperature: 1, figures: { fcd } })),
    training: {
      stability: undefined,
      settings: '',
      losses: [],
      ...(fcds.length === 0 && { diverged: 'the loss is NaN' }),
    },
  });
  const results = [
    result('control', 0, 12, 10), result('control', 1, 22, 20), result('sar', 0, 9, 11), result('sar', 1, 18, 22), result('student', 0), result('student', 1, 30, 30),
  ]; // prettier-ignore
  const [, sar, student] = compareArms(results, 'control', assessor);
  expect(sar!.best).toEqual({ cfg: 0, temperature: 1 });
  expect(sar!.toControl!.atBest.mean).toBeCloseTo(-10, 10);
  expect(sar!.toControl!.atSame.mean).toBeCloseTo(10, 10);
  expect(sar!.toControl!.at({ cfg: 0, temperature: 1 }).mean).toBeCloseTo(100 * ((9 / 12 + 18 / 22) / 2 - 1), 10);
  expect(student!.diverged).toBe(1);
  expect(student!.toControl!.atBest).toMatchObject({ count: 1, mean: 50 });
});

test('the report marks guidance at the end of what was measured, and tells collapse by distance and recall', () => {
  const columns = [...assessor.columns, { key: 'recall', name: 'recall', digits: 3 }];
  const result = (arm: string, seed: number, ...figures: [fcd: number, recall: number][]) => ({
    arm,
    seed,
    measurements: figures.map(([fcd, recall], i) => ({ cfg: i + 1, temperature: 1, figures: { fcd, recall } })),
    training: { settings: '', losses: [], stability: { oscillation: 0.1, gradientMean: 1, gradientLargest: 2, finalLoss: 3, skipped: 0 } }, // prettier-ignore
  });
  const results = [
    result('control', 0, [12, 0.6], [10, 0.5], [11, 0.5]),
    result('control', 1, [22, 0.6], [20, 0.5], [21, 0.5]),
    result('student', 0, [50, 0.3], [40, 0.25], [30, 0.2]),
    result('student', 1, [50, 0.3], [40, 0.25], [39, 0.2]),
  ];
  const arms = compareArms(results, 'control', { ...assessor, columns });
  const reported = { ...site, assessor: { ...assessor, columns } };
  const draws = { cfgs: [1, 2, 3], temperatures: [1] };
  expect(qualityTable(arms, reported, draws).rows.map(([arm, best]) => [arm, best])).toEqual([
    ['control', '2'],
    ['student', '3 (end)'],
  ]);
  expect(drawsTable(arms, reported, draws)).toEqual({
    header: ['FCD to control, both at guidance', '1', '2', '3'],
    rows: [['student', ...[1, 2, 3].map((cfg) => intervalText(arms[1]!.toControl!.at({ cfg, temperature: 1 })))]],
  });
  expect(drawsTable(arms, reported, { cfgs: [1], temperatures: [1] })).toBeUndefined();
  const stability = stabilityTable(arms);
  expect(stability.header.slice(-2)).toEqual(['recall to control', 'collapsed']);
  expect(stability.rows.map((row) => row.slice(-2))).toEqual([
    ['–', '–'],
    ['−50.0 % [−50.0, −50.0]', '1 of 2'],
  ]);
});

test('with several temperatures each arm counts at its own best of both', async () => {
  const draws = { cfgs: [1], temperatures: [0.9, 1, 1.1] };
  const result = (arm: string, seed: number, ...fcds: number[]) => ({
    arm,
    seed,
    measurements: drawsOf(draws).map((draw, i) => ({ ...draw, figures: { fcd: fcds[i]! } })),
    training: { settings: '', losses: [[4, 2] as const], stability: undefined },
  });
  const results = [
    result('control', 0, 14, 12, 10),
    result('control', 1, 24, 22, 20),
    result('sar', 0, 12, 11, 12),
    result('sar', 1, 24, 22, 23),
  ];
  const folder = mkdtempSync(join(out, 'temperatures-'));
  const experiment = { name: 'try', title: 'A try', source: 'Table 0', hypothesis: 'None.', arms };
  const page = await refinementPage(folder, experiment, [{ site, results }], { ...options, ...draws }, 'scalewise experiment try'); // prettier-ignore
  const text = pageMarkdown(page);
  expect(text).toMatch(/\| arm +\| its best guidance +\| its best temperature +\|/);
  expect(text).toMatch(/\| control +\| 1 +\| 1\.1 \(end\) +\| 2 +\| 15\.00 ± 7\.07/);
  expect(text).toMatch(/\| sar +\| 1 +\| 1 +\| 2 +\| 16\.50 ± 7\.78 +\| \+10\.0 % \[\+10\.0, \+10\.0\] +\| \+17\.5 %/);
  expect(text).toContain('each at its own best guidance and temperature');
  expect(text).toContain('1, temperature 0.9');
  const warm = results.map((one) => ({ ...one, measurements: one.measurements.slice(2) }));
  const other = await refinementPage(folder, experiment, [{ site, results: warm }], { ...options, cfgs: [1], temperatures: [1.1] }, 'scalewise'); // prettier-ignore
  expect(pageMarkdown(other)).toContain('10 samples a measurement at temperature 1.1, arms');
  expect(readdirSync(folder).filter((name) => name.endsWith('.svg')).sort()).toEqual(['differences', 'guidance', 'losses', 'temperature'].map((one) => `fashion-mnist-${one}.svg`)); // prettier-ignore
});

test('a guidance at which nothing could be measured is never the best one', () => {
  const measurements = [NaN, 3, 2].map((fcd, cfg) => ({ cfg, temperature: 1, figures: { fcd } }));
  expect(compareArms([{ arm: 'control', seed: 0, measurements }], 'control', assessor)[0]!.best).toEqual({
    cfg: 2,
    temperature: 1,
  });
});

test('a training that diverges is a result, and is told in a sentence', { timeout: 240_000 }, async () => {
  const set = [
    'images=64',
    'batchSize=4',
    'every.sample=0',
    'data=stripes',
    'maxSkipped=2',
    'optimizer.learningRate=1e30',
  ];
  const { results, end } = await runArms(site, [control], { ...options, seeds: { first: 0, last: 0 }, set });
  expect(end).toBe('done');
  expect(results[1]!.measurements).toEqual([]);
  expect(results[1]!.training!.diverged).toMatch(/training stopped at image \d+: 2 steps in a row had to be skipped/);
});

test('a record of other settings is refused', async () => {
  const other = { ...site, ground: { ...site.ground, refine: 'fashion-mnist' as const } }; // another learning rate
  await expect(runArms(other, [control], options)).rejects.toThrow(
    /expected a record of a training of today's settings/,
  );
});
