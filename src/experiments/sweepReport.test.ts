// What a sweep's report says, on distances that follow a formula: best points, comparisons, edges, the picture.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { fakeFigures, fakeJudge, fakeModel } from '../../test/sweeps.js';
import { type Confirmation, confirmationTable, confirmationTasks } from './sweepConfirm.js';
import { sweepSvg } from './sweepCharts.js';
import { type Grid, gridPoints } from './sweepGrid.js';
import type { Task } from './sweepPoints.js';
import { bestTable, guidanceTable, settingsTable, type SweepAccount, sweepCsv, sweepWarnings, writeSweep } from './sweepReport.js'; // prettier-ignore
import type { Measured } from './sweepRun.js';
import { bestOf, edgesOf, frontierOf } from './sweepSummary.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-sweep-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const judge = fakeJudge();
const models = [fakeModel('before', 2), fakeModel('after, "SAR"', 1)];

/** A task as it is measured, with some luck. */
function measured(task: Task, luck = 0): Measured {
  const columns = fakeFigures(task);
  const figures = Object.fromEntries(columns.map(({ key, value }) => [key, value]));
  return { ...task, columns, figures: { ...figures, fcd: figures['fcd']! + luck } };
}

function accountOf(cfg: number[], topK = [0], change: (account: SweepAccount) => void = () => undefined): SweepAccount {
  const grid: Grid = { cfg, topK, topP: [0], temperature: [1] };
  const points = models.flatMap((model) => gridPoints(grid).map((point) => measured({ model, point, seed: 0 })));
  const sweep = { models, grid, key: 'fcd', points };
  const account = { sweep, judge, count: 10, seed: 0, total: points.length, command: 'scalewise sweep' }; // prettier-ignore
  change(account);
  return account;
}

test('each model at its own best', () => {
  const { header, rows } = bestTable(accountOf([0, 1, 2, 3]));
  expect(header).toEqual(['model', 'best guidance', 'FCD', 'precision', 'recall', 'FCD against before']);
  expect(rows).toEqual([
    ['before', '2', '10.00', '0.600', '0.600', ''],
    ['after, "SAR"', '1', '10.00', '0.550', '0.650', '+0.0 %'],
  ]);
});

test('at the same settings and at the same guidance, with differences from the first', () => {
  const account = accountOf([0, 1, 2, 3], [0, 4]);
  expect(settingsTable(account).rows).toEqual([
    ['best of before: guidance 2', '10.00', '11.00 (+10.0 %)'],
    ['best of after, "SAR": guidance 1', '11.00', '10.00 (−9.1 %)'],
  ]);
  const { rows } = guidanceTable(account);
  expect(rows[1]).toEqual(['1', '11.00, all codes', '**10.00 (−9.1 %), all codes**']);
  expect(rows[2]).toEqual(['2', '**10.00, all codes**', '11.00 (+10.0 %), all codes']);
  expect(bestTable(account).header.slice(0, 3)).toEqual(['model', 'best guidance', 'filter']);
});

test('the best over the filters at each guidance', () => {
  const { sweep } = accountOf([1, 2], [4, 8]);
  expect(frontierOf(sweep, models[0]!).map(({ point }) => [point.cfg, point.topK])).toEqual([[1, 8], [2, 8]]); // prettier-ignore
  expect(bestOf(sweep, models[1]!)!.point).toMatchObject({ cfg: 1, topK: 8 });
});

describe('measured again', () => {
  /** An account with its best points measured with two other seeds; the second model is off by `noise` at the second of them. */
  function confirmed(noise: number): SweepAccount & { confirmation: Confirmation } {
    const account = accountOf([0, 1, 2, 3]);
    const tasks = confirmationTasks(account.sweep, 0, 2);
    const points = tasks.map((task) => measured({ ...task, seed: 0 }, task.seed === 2 && task.model === models[1] ? noise : 0)).map((one, i) => ({ ...one, seed: tasks[i]!.seed })); // prettier-ignore
    return { ...account, confirmation: { points, repeats: 2, total: tasks.length } };
  }

  test('every model at its own best, and at what it shares with the first', () => {
    const { sweep } = accountOf([0, 1, 2, 3]);
    const tasks = confirmationTasks(sweep, 5, 2).map(({ model, point, seed }) => [model.name, point.cfg, seed]);
    const at = (name: string, ...cfgs: number[]) => cfgs.flatMap((cfg) => [6, 7].map((seed) => [name, cfg, seed]));
    expect(tasks).toEqual([...at('before', 2, 1), ...at('after, "SAR"', 1, 2)]);
  });

  test('differences are paired by seed and have intervals', () => {
    const rows = (noise: number) => {
      const { sweep, confirmation } = confirmed(noise);
      return confirmationTable(sweep, confirmation, judge.headline).rows;
    };
    const certain = (percent: string, word: string) => `${percent} % [${percent}, ${percent}], ${word}`;
    expect(rows(0)).toEqual([
      ['before', 'guidance 2', '10.00 ± 0.00', '', '', ''],
      ['after, "SAR"', 'guidance 1', '10.00 ± 0.00', certain('+0.0', 'no difference shown'), certain('+10.0', 'higher'), certain('−9.1', 'lower')], // prettier-ignore
    ]);
    expect(rows(2)[1]!.slice(2, 4)).toEqual(['11.00 ± 1.41', '+10.0 % [−117.1, +137.1], no difference shown']);
  });

  test('where it was stopped, dashes and a warning', () => {
    const account = confirmed(0);
    const confirmation = { ...account.confirmation, points: account.confirmation.points.slice(0, 3) };
    expect(sweepWarnings({ ...account, confirmation })).toEqual(['5 of 16 points are not measured yet; the same command goes on']); // prettier-ignore
    const { rows } = confirmationTable(account.sweep, confirmation, judge.headline);
    expect(rows[1]!.slice(2)).toEqual(['–', '–', '–', '–']);
  });

  test('the report and the CSV file hold it', async () => {
    const folder = join(root, 'confirmed');
    await writeSweep(folder, confirmed(1));
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8');
    expect(markdown).toContain('## Measured again\n\nThe lowest of many figures is partly luck.');
    expect(markdown).toContain('scalewise sample --generator runs/before --cfg 2\n');
    const rows = readFileSync(join(folder, 'sweep.csv'), 'utf8').trimEnd().split('\n');
    expect(rows.map((row) => row.split(',').at(-4)).slice(-3)).toEqual(['2', '1', '2']); // seeds
  });
});

test('the command that samples the best has all that every point was sampled with', async () => {
  const guidance = { shape: 'ramp', scale: 0, fullAbove: 1, interval: [0, 1] } as const;
  const model = { ...fakeModel('one', 1), path: 'my runs/one', loading: { tokenizer: 'tok' }, settings: { scales: [1, 2], guidance, greedyScales: [1] } }; // prettier-ignore
  const grid: Grid = { cfg: [1], topK: [5], topP: [0], temperature: [1] };
  const points = gridPoints(grid).map((point) => measured({ model, point, seed: 0 }));
  const folder = join(root, 'command');
  const sweep = { models: [model], grid, key: 'fcd', points };
  await writeSweep(folder, { sweep, judge, count: 10, seed: 0, total: 1, command: 'scalewise sweep' });
  const command =
    "scalewise sample --generator 'my runs/one' --tokenizer tok --cfg 1 --cfg-interval 1:2 --full-above 1 --greedy 1 --top-k 5\n";
  expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain(command);
});

describe('warnings', () => {
  const noInterval = expect.stringMatching(
    /^differences between models are without an interval, .*--confirm N/,
  ) as string;
  test('none where the best points lie within, and other seeds measured them again', () => {
    const confirmation = { points: [], repeats: 2, total: 0 };
    expect(sweepWarnings({ ...accountOf([0, 1, 2, 3]), confirmation })).toEqual([]);
  });
  test('differences without other seeds, or with only one, have no interval; one model has no differences', () => {
    const account = accountOf([0, 1, 2, 3]);
    expect(sweepWarnings(account)).toEqual([noInterval]);
    expect(sweepWarnings({ ...account, confirmation: { points: [], repeats: 1, total: 0 } })).toEqual([noInterval]);
    const [first] = models;
    const points = account.sweep.points.filter(({ model }) => model === first);
    expect(sweepWarnings({ ...account, total: 4, sweep: { ...account.sweep, models: [first!], points } })).toEqual([]);
  });
  test('samples that are not more than the features', () => {
    const account = { ...accountOf([0, 1, 2, 3]), confirmation: { points: [], repeats: 2, total: 0 } };
    const few =
      'FCD: 4 samples cannot fill the 4 dimensions of its features, and their covariance is singular: the values say little; give a --count above 4';
    expect(sweepWarnings({ ...account, count: 4 })).toEqual([few]);
    expect(sweepWarnings({ ...account, count: 5 })).toEqual([]);
  });
  test('a best point at the edge', () => {
    expect(sweepWarnings(accountOf([0, 1, 1.5]))).toEqual(['before: its best point lies at the highest guidance (1.5), the edge of the grid; beyond it may be a better one', noInterval]); // prettier-ignore
  });
  test('a sweep that is not whole, and figures that are no numbers', () => {
    const account = accountOf([0, 1, 2, 3], [0], ({ sweep: { points } }) => {
      (points as unknown[]).pop();
      Object.assign(points[2]!.figures, { fcd: NaN });
    });
    const [unfinished, broken] = sweepWarnings(account);
    expect(unfinished).toBe('1 of 8 points are not measured yet; the same command goes on');
    expect(broken).toBe('before: the distance is no number at guidance 2');
    expect(bestOf(account.sweep, models[0]!)!.point.cfg).toBe(1);
    expect(guidanceTable(account).rows.map((row) => row[1])).toEqual(['14.00', '**11.00**', '–', '11.00']);
  });

  const at = { cfg: 1, topK: 0, topP: 0, temperature: 1 };
  const grid: Grid = { cfg: [1], topK: [0], topP: [0], temperature: [1] };
  test.each<[string, Partial<typeof at>, Partial<Grid>, 'ramp' | 'constant', string[]]>([
    ['an only value', {}, {}, 'ramp', []],
    ['no guidance at all, as a ramp', { cfg: 0 }, { cfg: [0, 1] }, 'ramp', []],
    ['no guidance at all, constant', {}, { cfg: [1, 2] }, 'constant', []],
    ['the lowest guidance', {}, { cfg: [1, 2] }, 'ramp', ['the lowest guidance (1)']],
    ['all codes', {}, { topK: [0, 100, 900] }, 'ramp', []],
    ['most codes', { topK: 900 }, { topK: [100, 900] }, 'ramp', ['the highest top-k (900)']],
    ['fewest codes', { topK: 100 }, { topK: [0, 100, 900] }, 'ramp', ['the lowest top-k (100)']],
    ['two edges', { topP: 0.9, temperature: 0.8 }, { topP: [0.8, 0.9], temperature: [0.8, 1] }, 'ramp', ['the highest top-p (0.9)', 'the lowest temperature (0.8)']], // prettier-ignore
  ])('%s', (_, point, axes, shape, edges) => {
    expect(edgesOf({ ...at, ...point }, { ...grid, ...axes }, shape)).toEqual(edges);
  });
});

test('the CSV file has a row a point, and quotes what needs it', () => {
  const [header, first, ...rest] = sweepCsv(accountOf([1, 2]))
    .trimEnd()
    .split('\n');
  expect(header).toBe('model,path,weights,cfg,topK,topP,temperature,count,seed,fcd,precision,recall');
  expect(first).toBe('before,runs/before,before0000,1,0,0,1,10,0,11,0.55,0.6499999999999999');
  expect(rest.at(-1)).toMatch(/^"after, ""SAR""","runs\/after, ""SAR""",/);
  expect(rest).toHaveLength(3);
});

describe('the picture', () => {
  const textsOf = (svg: string) => Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, text]) => text!);
  test('two panels; one more a model where filters vary; none of them where they are too many', () => {
    const titles = (topK: number[]) => textsOf(sweepSvg(accountOf([0, 1, 2], topK).sweep));
    expect(titles([0])).toEqual(expect.arrayContaining(['FCD against guidance', 'Precision against recall, along guidance', 'before'])); // prettier-ignore
    expect(titles([0])).not.toContain('all codes');
    expect(titles([0, 4])).toEqual(expect.arrayContaining(['FCD against guidance, best of the filters', 'all codes', 'top-k 4'])); // prettier-ignore
    expect(titles(Array.from({ length: 9 }, (_, i) => i))).not.toContain('top-k 4');
  });
  test('without precision and recall there is one panel', () => {
    const { sweep } = accountOf([0, 1]);
    const svg = sweepSvg({ ...sweep, points: sweep.points.map((point) => ({ ...point, columns: [judge.headline] })) });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="560" height="400">/);
  });
});

test('all files of a report', async () => {
  const folder = join(root, 'report');
  await writeSweep(folder, accountOf([0, 1, 1.5], [0, 4]));
  const markdown = readFileSync(join(folder, 'report.md'), 'utf8');
  for (const part of ['# Guidance sweep of before, after', '10 samples a point, all with seed 0', '## Warnings', '## Each model at its own best', '## All models at the same settings', '## All models at the same guidance', '(sweep.svg)', 'It is not FID.']) expect(markdown).toContain(part); // prettier-ignore
  const html = readFileSync(join(folder, 'report.html'), 'utf8');
  expect(html).toContain('src="data:image/svg+xml;base64,');
  const { width, height } = await sharp(join(folder, 'sweep.png')).metadata();
  expect([width, height]).toEqual([1120, 800]);
  expect(readFileSync(join(folder, 'sweep.csv'), 'utf8').split('\n')).toHaveLength(1 + 12 + 1);
});
