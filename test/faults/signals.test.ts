// What a cluster's scheduler and an impatient user send, and a date that jumps.
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { readJsonLines } from '../../src/formats/index.js';
import type { MetricsRecord } from '../../src/train/index.js';
import { metricsOf, scalewise } from '../cli/run.js';
import {
  contentsOf,
  type Ground,
  leftovers,
  patchedBy,
  start,
  stepSaved,
  tinyGround,
  training,
  untilSaid,
  untilSaved,
} from './tinyRun.js';

let ground: Ground;
const at = (name: string) => join(ground.folder, name);
const long = 100_000; // steps: more than a test waits for
beforeAll(async () => {
  ground = await tinyGround();
});

const records = (run: string) => readJsonLines<MetricsRecord>(join(run, 'metrics.jsonl'));

describe('signals', () => {
  test('SIGTERM: saved and gone well within ten seconds', async () => {
    const run = at('terminated');
    const { child, ended } = start(training(ground, run, long));
    await untilSaved(run, 5);
    const began = performance.now();
    child.kill('SIGTERM');
    const { code, err } = await ended;
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(code, err).toBe(143);
    expect(stepSaved(run)).toBe(records(run).at(-1)!.step);
    expect(leftovers(run)).toEqual([]);
  });

  test('a second SIGINT while the disk takes its time: gone at once, and nothing saved before is lost', async () => {
    const run = at('impatient');
    const before = scalewise(training(ground, run, 10));
    expect(before.code, before.err).toBe(0);
    const { child, ended } = start(training(ground, run, long), patchedBy('slowDisk.mjs'));
    await untilSaid(child, /\d+\/400000 images/);
    child.kill('SIGINT');
    await untilSaid(child, /SIGINT: saving/);
    await sleep(1500);
    const began = performance.now();
    child.kill('SIGINT');
    const { code, err } = await ended;
    expect(performance.now() - began).toBeLessThan(1500);
    expect(code, err).toBe(130);
    expect(err).toContain('SIGINT: saving after this step (again: leave at once)');
    expect(stepSaved(run)).toBe(10);
    const after = scalewise(training(ground, run, 12));
    expect(after.code, after.err).toBe(0);
    expect([stepSaved(run), leftovers(run)]).toEqual([12, []]);
  });
});

test('dates that jump, forward and then back by years, change nothing: not the numbers, not which checkpoint is the newest', () => {
  const constant = 'optimizer={learningRate: 0.002, shape: constant, warmup: 0}';
  const life = (run: string, steps: number, years?: number) => {
    const env = years === undefined ? {} : { ...patchedBy('jumpingClock.mjs'), SCALEWISE_TEST_YEARS: String(years) };
    const { code, err } = scalewise(training(ground, run, steps, constant), { env });
    expect(code, err).toBe(0);
    return err;
  };
  const [calm, jumping] = [at('calm'), at('jumping')];
  life(calm, 40);
  life(jumping, 20, 10);
  utimesSync(join(jumping, 'checkpoints', 'step-00000015'), 4e9, 4e9);
  expect(life(jumping, 30, -10)).toMatch(/continuing from .*step-00000020/);
  life(jumping, 40, 3);
  const checkpoints = (run: string) => Object.entries(contentsOf(run)).filter(([path]) => path.startsWith('/checkpoints'));
  expect(checkpoints(jumping)).toEqual(checkpoints(calm));
  expect(metricsOf(jumping)).toEqual(metricsOf(calm));
  for (const { images_per_second, data_wait } of records(jumping)) {
    expect(images_per_second).toBeGreaterThan(0);
    expect(images_per_second).toBeLessThan(1e6);
    expect(data_wait).toBeGreaterThanOrEqual(0);
    expect(data_wait).toBeLessThanOrEqual(1);
  }
  const events = readdirSync(jumping).filter((name) => name.startsWith('events.')).sort();
  const firstSteps = events.map((name) => readFileSync(join(jumping, name)).length);
  expect(firstSteps).toHaveLength(3);
  expect(firstSteps[0]).toBeGreaterThan(firstSteps[1]!); // twenty steps, ten, ten: in the order of the lives
}); // prettier-ignore
