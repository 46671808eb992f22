// Points of a sweep: kept as files, measured once, never mixed, and left whole by a signal.
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { sentenceOf } from '../../test/sentence.js';
import { fakeFigures, fakeJudge, fakeModel } from '../../test/sweeps.js';
import { gridPoints } from './sweepGrid.js';
import { PointStore, type SweepModel } from './sweepPoints.js';
import { runSweep } from './sweepRun.js';
import { WorkFolder } from './sweepWork.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-sweep-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const deeds: string[] = [];
const said: string[] = [];
let out = '';
let folders = 0;
beforeEach(() => {
  deeds.length = said.length = 0;
  out = join(root, String(folders++));
});

const grid = { cfg: [1, 2, 3], topK: [0], topP: [0], temperature: [1] };
const models = [fakeModel('before', 2, deeds), fakeModel('after', 1.5, deeds)];
const storeOf = (count = 10, judge = fakeJudge('judge', deeds)) => new PointStore(out, judge, { count, batchSize: 5 });
const tasksOf = (all: readonly SweepModel[], seed = 0, at = grid) =>
  all.flatMap((model) => gridPoints(at).map((point) => ({ model, point, seed })));
const sweep = (tasks: ReturnType<typeof tasksOf>, store = storeOf()) => runSweep(tasks, store, (line) => said.push(line)); // prettier-ignore

describe('resuming', () => {
  test('every point is measured once, each model loaded once; the second time nothing is', async () => {
    const { points, end } = await sweep(tasksOf(models));
    expect(end).toBe('done');
    const measured = (name: string) => [`open ${name}`, ...[1, 2, 3].map((cfg) => `measure ${name} at ${cfg}`), `close ${name}`]; // prettier-ignore
    expect(deeds).toEqual([...measured('before'), ...measured('after')]);
    expect(points.map(({ figures }) => figures['fcd'])).toEqual([11, 10, 11, 10.25, 10.25, 12.25]);
    expect(said[0]).toMatch(/^0\/6 points are there; Ctrl-C stops it, and the same command goes on$/);
    expect(said[1]).toMatch(/^1\/6 points, \d+ s left: before, guidance 1: FCD 11\.00$/);
    expect(said.at(-1)).toBe('6/6 points: after, guidance 3: FCD 12.25');
    deeds.length = said.length = 0;
    expect((await sweep(tasksOf(models))).points).toEqual(points);
    expect([deeds, said]).toEqual([[], []]);
  });

  test('a wider grid measures what is new', async () => {
    await sweep(tasksOf([models[0]!]));
    deeds.length = 0;
    const { points } = await sweep(tasksOf([models[0]!], 0, { ...grid, cfg: [1, 1.5, 2, 3, 4] }));
    expect(deeds.filter((deed) => deed.startsWith('measure'))).toEqual(['measure before at 1.5', 'measure before at 4']); // prettier-ignore
    expect(points.map(({ point }) => point.cfg)).toEqual([1, 1.5, 2, 3, 4]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it after the point under way', async (signal) => {
    const judge = fakeJudge('judge', deeds);
    const measure: typeof judge.measure = (...given) => {
      if (deeds.at(-1) === 'measure before at 1') process.emit(signal, signal);
      return judge.measure(...given);
    };
    const listeners = process.listenerCount(signal);
    const { points, end } = await sweep(tasksOf(models), storeOf(10, { ...judge, measure }));
    expect([end, points.length, process.listenerCount(signal)]).toEqual([signal, 2, listeners]);
    expect(deeds).toEqual(['open before', 'measure before at 1', 'measure before at 2', 'close before']);
    expect(said.at(-1)).toBe(`${signal}: 2 of 6 points are in ${out}; the same command goes on`);
    expect((await sweep(tasksOf(models))).points).toHaveLength(6);
  });
});

test('a judge may stop amid a point, which is then not kept', async () => {
  const judge = fakeJudge('judge', deeds);
  const measure: typeof judge.measure = (...given) => {
    if (deeds.at(-1) === 'measure before at 1') process.emit('SIGINT', 'SIGINT');
    return given[2].signal.aborted ? Promise.resolve(undefined) : judge.measure(...given);
  };
  const { points, end } = await sweep(tasksOf(models), storeOf(10, { ...judge, measure }));
  expect([end, points.length, deeds.at(-1)]).toEqual(['SIGINT', 1, 'close before']);
});

describe('another process in the folder', () => {
  const before = models[0]!;
  const tasks = tasksOf([before]);
  const measures = () => deeds.filter((deed) => deed.startsWith('measure'));
  /** The points as a process of another machine sees them. */
  const elsewhere = () => new PointStore(out, fakeJudge('judge', deeds), { count: 10, batchSize: 5 }, new WorkFolder(join(out, 'features'), { owner: 'there.1.00' })); // prettier-ignore
  /** Sweeps; `then` happens when there is nothing left to measure but what is under way elsewhere. */
  const sweepUntil = (then: () => void, store = storeOf()) =>
    runSweep(tasks, store, (line) => {
      said.push(line);
      if (line.startsWith('waiting')) then();
    });

  test('what it is at is left to it, and read when it is there', async () => {
    const other = elsewhere();
    const work = other.works.take(other.key(tasks[0]!))!;
    const { points } = await sweepUntil(() => {
      other.write(tasks[0]!, fakeFigures(tasks[0]!));
      work.done();
    });
    expect(measures()).toEqual(['measure before at 2', 'measure before at 3']);
    expect(said[3]).toBe('waiting for 1 point that other processes measure; what shows no sign of life for 30 minutes is taken over'); // prettier-ignore
    expect(points.map(({ figures }) => figures['fcd'])).toEqual([11, 10, 11]);
    expect(readdirSync(join(out, 'features'))).toEqual([]);
  });

  test('what it leaves undone is measured', async () => {
    const other = elsewhere();
    const work = other.works.take(other.key(tasks[1]!))!;
    const { points } = await sweepUntil(() => {
      work[Symbol.dispose]();
    });
    expect(points).toHaveLength(3);
    expect(deeds.slice(-4)).toEqual(['close before', 'open before', 'measure before at 2', 'close before']);
    expect(readdirSync(join(out, 'features'))).toEqual([]);
  });

  test('a point that it takes over is left to it', async () => {
    const judge = fakeJudge('judge', deeds);
    const robbed: typeof judge.measure = (...given) => {
      const { work } = given[2];
      if (deeds.at(-1) !== 'open before') return judge.measure(...given);
      renameSync(work.folder, work.folder.replace(/\..*/, '.there.1.00'));
      deeds.push('robbed');
      work.beat();
      throw new Error('not told');
    };
    const other = elsewhere();
    const { points } = await sweepUntil(
      () => {
        other.write(tasks[0]!, fakeFigures(tasks[0]!));
      },
      storeOf(10, { ...judge, measure: robbed }),
    );
    expect([points.length, measures().length]).toEqual([3, 2]);
    expect(readdirSync(join(out, 'features'))).toEqual([`${other.key(tasks[0]!)}.there.1.00`]);
  });

  test('a signal ends the waiting', async () => {
    const other = elsewhere();
    other.works.take(other.key(tasks[0]!));
    const { points, end } = await sweepUntil(() => process.emit('SIGINT', 'SIGINT'));
    expect([end, points.length]).toEqual(['SIGINT', 2]);
  });
});

test('work that fails is left for another try', async () => {
  const judge = fakeJudge('judge', deeds);
  const measure: typeof judge.measure = (_, __, { work }) => {
    writeFileSync(join(work.folder, 'half'), '');
    throw new Error('out of memory');
  };
  await expect(sweep(tasksOf(models), storeOf(10, { ...judge, measure }))).rejects.toThrow('out of memory');
  const [left] = readdirSync(join(out, 'features'));
  expect(left).toMatch(/^[0-9a-f]{16}$/);
  expect(existsSync(join(out, 'features', left!, 'half'))).toBe(true);
  expect((await sweep(tasksOf(models))).points).toHaveLength(6);
  expect(readdirSync(join(out, 'features'))).toEqual([]);
});

describe('points are not mixed', () => {
  test.each<[string, (tasks: ReturnType<typeof tasksOf>) => Promise<unknown>]>([
    ['another count', (tasks) => sweep(tasks, storeOf(11))],
    ['another seed', () => sweep(tasksOf([models[0]!], 1))],
    ['another judge of the same name', (tasks) => sweep(tasks, storeOf(10, fakeJudge('other', deeds)))],
    ['another version of libtorch', (tasks) => sweep(tasks, storeOf(10, { ...fakeJudge('judge', deeds), libtorch: '2.1' }))], // prettier-ignore
    ['other weights of the same name', () => sweep(tasksOf([{ ...models[0]!, fingerprint: 'x' }]))],
    ['another shape of guidance', () => sweep(tasksOf([{ ...models[0]!, settings: { scales: [1, 2], guidance: { shape: 'constant', scale: 0 } } }]))], // prettier-ignore
  ])('%s', async (_, again) => {
    const tasks = tasksOf([models[0]!]);
    const { points } = await sweep(tasks);
    deeds.length = 0;
    await again(tasks);
    expect(deeds.filter((deed) => deed.startsWith('measure'))).toHaveLength(3);
    deeds.length = 0;
    expect((await sweep(tasks)).points).toEqual(points); // still there
    expect(deeds).toEqual([]);
  });

  test('the same weights under another name are the same model', async () => {
    await sweep(tasksOf([models[0]!]));
    deeds.length = 0;
    await sweep(tasksOf([{ ...models[0]!, name: 'renamed' }]));
    expect(deeds).toEqual([]);
    expect(readdirSync(join(out, 'points'))).toEqual(['before-before0000']);
  });

  test('a changed file and a damaged one are refused', () => {
    const store = storeOf();
    const [task] = tasksOf(models);
    store.write(task!, fakeFigures(task!));
    const path = store.file(task!);
    expect(path).toMatch(/before-before0000\/cfg1-n10-s0-[0-9a-f]{8}\.json$/);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"count": 10', '"count": 20'));
    expect(sentenceOf(() => store.read(task!))).toMatch(/expected a point of the settings .*, found others \(count\); remove it/); // prettier-ignore
    writeFileSync(path, '{"settings": {}');
    expect(sentenceOf(() => store.read(task!))).toMatch(/it is no measured point of a sweep; remove it to measure/);
  });

  test('a figure that is no number stays one', () => {
    const store = storeOf();
    const [task] = tasksOf(models);
    const figures = fakeFigures(task!).map((figure, i) => (i === 0 ? { ...figure, value: NaN } : figure));
    store.write(task!, figures);
    expect(store.read(task!)).toEqual(figures);
  });
});
