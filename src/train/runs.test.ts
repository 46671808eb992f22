// Run folders read, compared and pruned: whole ones, damaged ones, running ones, and what must never be deleted.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { falling, makeRun, stepName } from '../../test/runFolders.js';
import { sentenceOf } from '../../test/sentence.js';
import { EventWriter } from '../formats/index.js';
import { metricsSideBySide, settingsThatDiffer } from './compareRuns.js';
import { planPruning, prune } from './prune.js';
import { findRuns, glanceAtCheckpoint, readRun } from './runs.js';

const folder = () => mkdtempSync(join(tmpdir(), 'scalewise-runs-'));
const weights = (run: string, imagesSeen: number) =>
  join(run, 'checkpoints', stepName(imagesSeen), 'generator.safetensors');

describe('reading', () => {
  test('a run that is done', () => {
    const path = makeRun(join(folder(), 'a'), { records: falling([8, 64], 5), checkpoints: [32, 64] });
    const writtenAt = new Date('2037-01-02T03:04:05Z');
    utimesSync(join(path, 'metrics.jsonl'), writtenAt, writtenAt);
    const run = readRun(path);
    expect(run).toMatchObject({ kind: 'train', family: 'flexvar', imagesSeen: 64, imagesSaved: 64, images: 64, state: 'done' }); // prettier-ignore
    expect(run.last?.['loss']).toBe(4);
    expect(run.written).toEqual(writtenAt);
    expect(run.bytes).toBeGreaterThan(2000);
    expect(run.bytes).toBeLessThan(4000);
    expect(run.checkpoints.map(({ clock }) => clock?.imagesSeen)).toEqual([64, 32]);
    expect(run.problems).toEqual([]);
  });

  test('a run that was killed: what it recorded, what of it is saved', () => {
    const path = makeRun(join(folder(), 'a'), { records: falling([8, 48], 5), checkpoints: [32] });
    writeFileSync(join(path, 'metrics.jsonl'), '{"step":7,"imagesS', { flag: 'a' });
    expect(readRun(path)).toMatchObject({ imagesSeen: 48, imagesSaved: 32, state: 'unfinished' });
    expect(readRun(makeRun(join(folder(), 'new'), {}))).toMatchObject({ imagesSeen: 0, state: 'unfinished' });
    writeFileSync(join(path, 'metrics.jsonl'), '{"imagesSeen":8\n{"imagesSeen":16}\n');
    expect(readRun(path)).toMatchObject({
      imagesSeen: 16,
      problems: [expect.stringMatching(/metrics\.jsonl: line 1:/)],
    });
  });

  test.each<[string, (path: string) => void, RegExp]>([
    ['a file cut short', (run) => { truncateSync(weights(run, 64), 10); }, /step-00000008: damaged: generator\.safetensors is missing or has another size$/],
    ['a file gone', (run) => { rmSync(weights(run, 64)); }, /damaged: generator\.safetensors is missing/],
    ['a manifest gone', (run) => { rmSync(join(run, 'checkpoints', stepName(64), 'manifest.json')); }, /damaged: its manifest\.json cannot be read$/],
  ])('%s: damaged, and the checkpoint before it counts', (_, damage, sentence) => {
    const path = makeRun(join(folder(), 'a'), { records: falling([8, 64], 5), checkpoints: [32, 64] });
    damage(path);
    const run = readRun(path);
    expect(run).toMatchObject({ state: 'damaged', imagesSaved: 32 });
    expect(run.problems).toEqual([expect.stringMatching(sentence)]);
  }); // prettier-ignore

  test('a checkpoint that was removed since it was found is none', () => {
    const path = makeRun(join(folder(), 'a'), { checkpoints: [32] });
    expect(glanceAtCheckpoint(join(path, 'checkpoints', stepName(32)))).toMatchObject({ clock: { imagesSeen: 32 } });
    expect(glanceAtCheckpoint(join(path, 'checkpoints', stepName(64)))).toBeUndefined();
  });

  test('it is running while a process has its event file open', () => {
    const path = makeRun(join(folder(), 'a'), { checkpoints: [32] });
    const earlier = new EventWriter(path);
    earlier.close();
    expect(readRun(path)).toMatchObject({ state: 'unfinished', host: hostname() });
    const events = new EventWriter(path);
    expect(readRun(path).state).toBe('running');
    events.close();
    expect(readRun(path).state).toBe('unfinished');
    writeFileSync(join(path, `events.out.tfevents.9999999999.node.7.example.${process.pid}.0`), '');
    expect(readRun(path)).toMatchObject({ state: 'unfinished', host: 'node.7.example' });
  });

  test('folders that are no run are sentences', () => {
    const path = makeRun(join(folder(), 'a'), {});
    expect(sentenceOf(() => readRun(join(path, 'absent')))).toMatch(/absent: there is no such folder/);
    writeFileSync(join(path, 'config.json'), '{"kind":');
    expect(sentenceOf(() => readRun(path))).toMatch(/config\.json: not JSON; the run is damaged/);
    writeFileSync(join(path, 'config.json'), 'null');
    expect(sentenceOf(() => readRun(path))).toMatch(/expected the settings of a training/);
    rmSync(join(path, 'config.json'));
    expect(sentenceOf(() => readRun(path))).toMatch(/a run without config\.json/);
  });

  test('runs are found in folders of folders, and not below themselves', () => {
    const root = folder();
    for (const name of ['b', 'quick/a', 'quick/c/d/e', 'b/inner', 'node_modules/x', 'one/two/three/four/five'])
      makeRun(join(root, name), {});
    mkdirSync(join(root, 'empty'));
    symlinkSync(root, join(root, 'loop'));
    expect(findRuns(root)).toEqual(['b', 'quick/a', 'quick/c/d/e'].map((name) => join(root, name)));
    expect(findRuns(join(root, 'b'))).toEqual([join(root, 'b')]);
    expect(sentenceOf(() => findRuns(join(root, 'absent')))).toMatch(/no such file or folder/);
  });
});

describe('comparing', () => {
  const runs = (...parts: Parameters<typeof makeRun>[1][]) => {
    const root = folder();
    return parts.map((one, i) => readRun(makeRun(join(root, String(i)), one)));
  };

  test('settings that differ, nested and absent ones too', () => {
    const [a, b, c] = runs({ config: { forcing: { gamma: 0.01 } } }, { config: { forcing: { gamma: 0 } } }, { config: { seed: 2 } }); // prettier-ignore
    expect(settingsThatDiffer([a!, b!, c!])).toEqual([
      { setting: 'seed', values: [1, 1, 2] },
      { setting: 'forcing.gamma', values: [0.01, 0, undefined] },
    ]);
    expect(settingsThatDiffer([a!, a!])).toEqual([]);
  });

  test('metrics at equal numbers of images, on the line between records', () => {
    const [a, b] = runs(
      { records: [8, 16, 24, 32].map((imagesSeen) => ({ imagesSeen, loss: imagesSeen, only_a: 1 })) },
      { records: [4, 20, 28].map((imagesSeen) => ({ imagesSeen, loss: 100 * imagesSeen, rate: null })) },
    );
    expect(metricsSideBySide([a!, b!], 9)).toEqual([
      {
        metric: 'loss',
        rows: [
          { imagesSeen: 8, values: [8, 800] },
          { imagesSeen: 16, values: [16, 1600] },
          { imagesSeen: 24, values: [24, 2400] },
          { imagesSeen: 28, values: [28, 2800] },
        ],
      },
    ]);
    expect(metricsSideBySide([a!, b!], 2)[0]!.rows.map(({ imagesSeen }) => imagesSeen)).toEqual([16, 28]);
    expect(sentenceOf(() => metricsSideBySide([a!, b!], 2, ['only_a']))).toMatch(/1: it recorded no metric 'only_a'; it has loss, rate$/); // prettier-ignore
  });

  test('what does not overlap is not compared', () => {
    const [a, b] = runs({ records: falling([8, 16], 5) }, { records: falling([24], 5) });
    expect(sentenceOf(() => metricsSideBySide([a!, b!], 2, ['loss']))).toMatch(/end at 16 images and another's begin at 24/); // prettier-ignore
  });
});

describe('pruning', () => {
  const all = [8, 16, 24, 32, 40, 48, 56, 64];
  const seen = (list: readonly { clock?: { imagesSeen: number } }[]) => list.map(({ clock }) => clock?.imagesSeen);

  test('the newest stay, those kept for good too, or one for every so many images', () => {
    const path = makeRun(join(folder(), 'a'), { checkpoints: all, kept: [24] });
    expect(seen(planPruning(path, { keep: 2 }).kept)).toEqual([64, 56, 24]);
    expect(seen(planPruning(path, { keep: 1, keepEvery: 0 }).kept)).toEqual([64]);
    const plan = planPruning(path, { keep: 1, keepEvery: 20 });
    expect(seen(plan.kept)).toEqual([64, 40, 24]);
    expect(seen(plan.deleted)).toEqual([56, 48, 32, 16, 8]);
    prune(plan);
    expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual([24, 40, 64].map(stepName));
    expect(planPruning(path, { keep: 1, keepEvery: 20 }).deleted).toEqual([]); // again changes nothing
  });

  test('what an interrupted save left goes too', () => {
    const path = makeRun(join(folder(), 'a'), { checkpoints: [64] });
    const left = join(path, 'checkpoints', `${stepName(56)}.0a1b2c3d.part`);
    mkdirSync(left);
    const plan = planPruning(path, { keep: 1 });
    expect(plan).toMatchObject({ deleted: [], leftovers: [left] });
    prune(plan);
    expect(existsSync(left)).toBe(false);
  });

  test('damaged ones never count as the newest: a changed byte is found', () => {
    const path = makeRun(join(folder(), 'a'), { checkpoints: all });
    writeFileSync(weights(path, 64), Buffer.alloc(1000, 65)); // the size is right
    rmSync(weights(path, 48));
    const plan = planPruning(path, { keep: 2 });
    expect(seen(plan.kept)).toEqual([56, 40]);
    prune(plan);
    expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual([40, 56].map(stepName));
  });

  test('whatever is damaged and asked for, a whole one that there was is still there, and it is the newest', () => {
    fc.assert(
      fc.property(fc.subarray(all), fc.nat(3), fc.option(fc.nat(70)), (damaged, keep, keepEvery) => {
        const path = makeRun(join(folder(), 'a'), { checkpoints: all });
        for (const one of damaged) truncateSync(weights(path, one), 1);
        const newest = all.filter((one) => !damaged.includes(one)).at(-1);
        const options = { keep, ...(keepEvery !== null && { keepEvery }) };
        if (newest === undefined) expect(sentenceOf(() => planPruning(path, options))).toMatch(/none of its 8 checkpoints is whole/);
        else {
          prune(planPruning(path, options));
          expect(readRun(path)).toMatchObject({ imagesSaved: newest, state: newest === 64 ? 'done' : 'unfinished' });
        }
      }),
      { numRuns: 20 },
    );
  }); // prettier-ignore

  test('a run that is training is left alone', () => {
    const path = makeRun(join(folder(), 'a'), { checkpoints: all });
    const events = new EventWriter(path);
    expect(sentenceOf(() => planPruning(path, { keep: 1 }))).toMatch(/it is training now/);
    events.close();
  });
});
