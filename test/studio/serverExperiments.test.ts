// The experiments of the studio's API: results that come with Scalewise, those of the opened folder, and nothing that lies outside of it.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Experiment, ExperimentDetails, ExperimentList, ExperimentResults } from '../../src/studio/api/index.js';
import { readArms } from '../../src/studio/results/arms.js';
import { readSweep } from '../../src/studio/results/sweep.js';
import type { StudioApp } from '../../src/studio/server/app.js';
import { fakeStudio, onePixel } from './fakeWorker.js';

const project = join(import.meta.dirname, '..', '..', 'docs', 'results');
const place = mkdtempSync(join(tmpdir(), 'scalewise-studio-experiments-'));
const root = join(place, 'runs');
const own = join(root, 'experiments', 'forcing', 'cifar10');
let studio: StudioApp;
let list: ExperimentList;

const get = (url: string) => studio.app.inject(url);
const called = (name: string, where: Experiment['place'] = 'project') =>
  list.experiments.find((one) => one.name === name && one.place === where)!;

async function results<K extends ExperimentResults['kind']>(name: string, kind: K) {
  const answer = await get(`/api/experiments/${called(name).id}`);
  const { results } = answer.json<ExperimentDetails>();
  expect([answer.statusCode, results.kind]).toEqual([200, kind]);
  return results as Extract<ExperimentResults, { kind: K }>;
}

const sweepLines = [
  'model,path,weights,cfg,topK,topP,temperature,count,seed,fcd,precision',
  '"a ""b"", c",runs/a,00,1,0,0,1,100,0,12.5,0.9',
  'd,runs/d,01,1.5,0,0.95,1,100,0,,0.8',
];

beforeAll(async () => {
  cpSync(join(project, 'cifar10', 'forcing'), own, { recursive: true });
  writeFileSync(join(own, 'report.html'), '<script>alert(1)</script>');
  writeFileSync(join(own, 'notes.exe'), 'no');
  writeFileSync(join(place, 'secret.png'), 'secret');
  symlinkSync(join(place, 'secret.png'), join(own, 'link.png'));
  mkdirSync(join(place, 'outside'));
  for (const name of ['results.json', 'report.md']) cpSync(join(own, name), join(place, 'outside', name));
  symlinkSync(join(place, 'outside'), join(root, 'linked'));
  mkdirSync(join(root, 'sweep'));
  writeFileSync(join(root, 'sweep', 'sweep.csv'), `${sweepLines.join('\n')}\n`);
  writeFileSync(join(root, 'sweep', 'report.md'), '# Guidance sweep of a and d\n\n100 samples a point.\n\n| a |\n');
  for (const [name, content] of [
    ['cut', '[{"ground": "cif'],
    ['other', '[{"ground": 1}]'],
  ] as const) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'results.json'), content);
    writeFileSync(join(root, name, 'report.md'), '# Broken\n');
  }
  studio = await fakeStudio({ root, results: project });
  list = (await get('/api/experiments')).json<ExperimentList>();
});
afterAll(() => studio.app.close());

describe('reading', () => {
  test('the list has the folder’s own first, then those that come with Scalewise, and a sentence on what cannot be read', () => {
    const names = list.experiments.map(({ name, place }) => `${place} ${name}`);
    expect(names.slice(0, 2).sort()).toEqual(['folder experiments/forcing/cifar10', 'folder sweep']);
    expect(names).toContain('project fashion-mnist/difference-maps');
    expect(list.problems.sort()).toEqual([
      'cut/results.json: expected JSON, found something else',
      "other/results.json: expected the numbers of an experiment, found another value at '0.ground'",
    ]);
    expect(called('experiments/forcing/cifar10', 'folder')).toMatchObject({
      title: 'Forcing strategies from one checkpoint',
      kind: 'arms',
      said: 'cifar10: 7 arms, 3 seeds, guidance 1, 1.5, 2',
    });
    expect(called('experiments/forcing/cifar10', 'folder').id).toMatch(/^[0-9a-f]{16}$/);
  });

  test('arms have the figures of their report', async () => {
    const { grounds } = await results('cifar10/forcing', 'arms');
    const [ground] = grounds;
    expect(ground!.metrics.map(({ key }) => key)).toEqual(['fcd', 'precision', 'recall', 'agreement']);
    expect(ground!.control).toBe('control');
    const sar = ground!.arms.find(({ arm }) => arm === 'sar')!;
    expect(sar).toMatchObject({ best: { cfg: 1.5, temperature: 1 }, seeds: 3, measured: 3, diverged: 0 });
    const { mean, deviation } = sar.points.find(({ cfg }) => cfg === 1.5)!.figures['fcd']!;
    expect([mean!.toFixed(3), deviation!.toFixed(3)]).toEqual(['14.071', '0.486']); // as report.md has them
    expect(sar.toControl!.atBest.mean!.toFixed(1)).toBe('-0.9');
    const before = ground!.arms.find(({ arm }) => arm === 'before')!;
    expect([before.toControl, before.points[0]!.figures['fcd']!.halfWidth]).toEqual([null, null]);
    expect(ground!.runs.find(({ arm, seed }) => arm === 'sar' && seed === 2)!.losses.length).toBeGreaterThan(9);
  });

  test('analyses are told by scale, or by generator', async () => {
    const maps = await results('fashion-mnist/difference-maps', 'scales');
    expect(maps.charts.map(({ key, picture }) => [key, picture])).toContainEqual(['own-sample', 'maps-own-sample.png']);
    const [cells] = maps.pictures;
    expect([cells!.file, cells!.columns.slice(1)]).toEqual(['maps-consecutive.png', maps.charts[0]!.scales]);
    expect(maps.charts[0]!.series.map(({ name, values }) => [name, values.length])).toEqual([['true tokens', 4], ['before', 4], ['control', 4], ['after SAR', 4]]); // prettier-ignore
    const divergence = await results('fashion-mnist/divergence', 'scales');
    expect(divergence.charts).toHaveLength(10);
    expect(divergence.charts.every(({ series }) => series.every(({ values }) => values.length === 5))).toBe(true);
    const imbalance = await results('fashion-mnist/imbalance', 'scales');
    expect(imbalance.charts.map(({ key }) => key)).toEqual(['bits', 'entropy', 'psnr']);
    expect(imbalance.charts[1]!.series[1]!.values[0]).toBeNull();
    const continuation = await results('fashion-mnist/continuation', 'groups');
    expect(continuation.charts.map(({ key, reference }) => [key, reference])).toEqual([['distance', 'control'], ['frechet', 'control'], ['agreement', 'control']]); // prettier-ignore
    expect(continuation.charts[0]!.rows.at(-1)).toMatchObject({ name: 'after SAR', summary: { count: 3 } });
  });

  test('arms are compared at the guidance that all of them were measured at', () => {
    const run = (arm: string, fcds: Record<number, number>) => ({ arm, seed: 0, measurements: Object.entries(fcds).map(([cfg, fcd]) => ({ cfg: Number(cfg), figures: { fcd } })) }); // prettier-ignore
    const ground = {
      ground: 'x',
      reference: 'y',
      results: [run('control', { 1: 5, 2: 3 }), run('sar', { 1: 4, 3: 1 })],
    };
    const { results } = readArms([ground]);
    const [found] = (results as Extract<ExperimentResults, { kind: 'arms' }>).grounds;
    const draw = { cfg: 1, temperature: 1 };
    expect([found!.draws, found!.arms.map(({ best }) => best)]).toEqual([[draw], [draw, draw]]);
  });

  test('arms measured at several temperatures have their best of both, and a reading that names them', () => {
    const at = (temperature: number, fcd: number) => ({ cfg: 1, temperature, figures: { fcd } });
    const run = (arm: string, seed: number, ...fcds: number[]) => ({ arm, seed, measurements: fcds.map((fcd, i) => at(1 + i / 10, fcd)) }); // prettier-ignore
    const runs = [run('control', 3, 5, 3), run('control', 4, 6, 4), run('sar', 3, 4, 5), run('sar', 4, 5, 6)];
    const { results, said } = readArms([{ ground: 'x', reference: 'y', results: runs }]);
    const [found] = (results as Extract<ExperimentResults, { kind: 'arms' }>).grounds;
    expect(found!.arms.map(({ best }) => best!.temperature)).toEqual([1.1, 1]);
    expect(found!.arms[1]!.toControl!.atBest.mean).toBeCloseTo(100 * ((4 / 3 + 5 / 4) / 2 - 1), 9);
    expect(said).toBe('x: 2 arms, 2 seeds, guidance 1, temperature 1, 1.1');
  });

  test('a file that is too large is not read', async () => {
    const folder = join(place, 'large', 'huge');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'report.md'), '# Huge\n');
    writeFileSync(join(folder, 'results.json'), '[]');
    truncateSync(join(folder, 'results.json'), 2 ** 25 + 1);
    const { app } = await fakeStudio({ root: join(place, 'large') });
    expect((await app.inject('/api/experiments')).json()).toEqual({ experiments: [], problems: ['huge/results.json: it has more than 32 MiB; look at it in its folder'] }); // prettier-ignore
    await app.close();
  });

  test('a report that is written anew is read anew', async () => {
    const path = join(root, 'sweep', 'report.md');
    const { id, title } = called('sweep', 'folder');
    expect(title).toBe('Guidance sweep of a and d');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('a and d', 'two models'));
    expect((await get(`/api/experiments/${id}`)).json<ExperimentDetails>().title).toBe('Guidance sweep of two models');
    writeFileSync(path, text);
  });

  test('a sweep has its points', async () => {
    const answer = await get(`/api/experiments/${called('sweep', 'folder').id}`);
    const { title, about, command, results } = answer.json<ExperimentDetails>();
    expect([title, about, command]).toEqual(['Guidance sweep of a and d', ['100 samples a point.'], null]);
    expect(results).toMatchObject({
      kind: 'sweep',
      metrics: [
        { key: 'fcd', better: 'lower' },
        { key: 'precision', better: 'higher' },
      ],
      points: [{ model: 'a "b", c', cfg: 1, figures: { fcd: 12.5 } }, { model: 'd', topP: 0.95, figures: { fcd: null, precision: 0.8 } }], // prettier-ignore
    });
    expect(() => readSweep('a,b\n1,2\n')).toThrow('expected the points of a sweep, found other columns');
    expect(() => readSweep(`${sweepLines[0]}\nd,p,w,one,0,0,1,100,0,1,1\n`)).toThrow("found 'one' as cfg");
  });

  test('a studio that was opened on no folder has what comes with Scalewise; without it there is nothing', async () => {
    const bare = await fakeStudio();
    expect((await bare.app.inject('/api/experiments')).json()).toEqual({ experiments: [], problems: [] });
    await bare.app.close();
    const both = await fakeStudio({ root: join(project, '..'), results: project });
    const { experiments } = (await both.app.inject('/api/experiments')).json<ExperimentList>();
    expect(new Set(experiments.map((one) => one.place))).toEqual(new Set(['folder'])); // each once
    await both.app.close();
  });
});

describe('files', () => {
  test('are those of the folder, and nothing in them can run', async () => {
    const { id } = called('experiments/forcing/cifar10', 'folder');
    const { files } = (await get(`/api/experiments/${id}`)).json<ExperimentDetails>();
    expect(files.map(({ name }) => name)).toContain('cifar10-differences.svg');
    expect(files.map(({ name }) => name)).not.toContain('notes.exe');
    for (const [name, type] of [
      ['report.html', 'text/html; charset=utf-8'],
      ['cifar10-differences.svg', 'image/svg+xml'],
      ['cifar10-guidance.png', 'image/png'],
      ['report.md', 'text/plain; charset=utf-8'],
      ['results.json', 'application/json; charset=utf-8'],
    ] as const) {
      const { statusCode, headers } = await get(`/api/experiments/${id}/files/${name}`);
      expect([statusCode, headers['content-type']]).toEqual([200, type]);
      expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none';/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });

  const hostile = ['link.png', 'notes.exe', '.hidden.png', 'nothing.png', '..%2Fresults.json', '..%2F..%2F..%2F..%2Fsecret.png', '%2e%2e%2fsecret.png', '..%5C..%5Csecret.png', 'report.md%00', 'report.html%2F..%2Freport.md', '%2Fetc%2Fpasswd']; // prettier-ignore
  test.each(hostile)('a file %s', async (name) => {
    const answer = await get(`/api/experiments/${called('experiments/forcing/cifar10', 'folder').id}/files/${name}`);
    expect([400, 404]).toContain(answer.statusCode);
    expect(answer.body).not.toBe('secret');
  });

  test.each(['../outside', '..%2Foutside', 'linked', 'experiments', '%00', 'outside'])(
    'an experiment %s',
    async (id) => {
      for (const rest of ['', '/files/report.md'])
        expect([400, 404]).toContain((await get(`/api/experiments/${id}${rest}`)).statusCode);
    },
  );

  test('links are not followed, nor where one takes the place of a folder later', async () => {
    expect(list.experiments.some(({ name }) => name.includes('linked'))).toBe(false);
    const { id } = called('sweep', 'folder');
    renameSync(join(root, 'sweep'), join(place, 'moved'));
    symlinkSync(join(place, 'outside'), join(root, 'sweep'));
    writeFileSync(join(place, 'outside', 'picture.png'), onePixel);
    expect((await get(`/api/experiments/${id}`)).statusCode).toBe(404);
    expect((await get(`/api/experiments/${id}/files/picture.png`)).statusCode).toBe(404);
  });
});
