// `kill -9` at random moments of a training, again and again: start-up, steps, and the writing of checkpoints. What comes out in the end is, bit for
// bit, what comes out of a training that nobody disturbs.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import crc32c from 'crc-32/crc32c.js';
import { expect } from 'vitest';
import { readJsonLines } from '../../src/formats/index.js';
import type { MetricsRecord } from '../../src/train/index.js';
import { uniforms } from '../../src/util/random.js';
import { bin, metricsOf, scalewise } from '../cli/run.js';
import { contentsOf, type Ground, leftovers, saveEvery, stepSaved, training } from './tinyRun.js';

/** Starts a command and kills it after some milliseconds; whether it had ended well before that. */
function live(args: readonly string[], milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  return new Promise((done) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal !== 'SIGKILL') expect(code, err).toBe(0);
      done(signal !== 'SIGKILL');
    });
  });
}

/** Reads event files as TensorBoard does: whole records of right sums, up to where the process was killed. */
function expectEventsReadable(run: string): void {
  const mask = (crc: number) => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  for (const name of readdirSync(run).filter((one) => one.startsWith('events.'))) {
    const file = readFileSync(join(run, name));
    for (let at = 0; at + 12 <= file.length;) {
      const length = Number(file.readBigUInt64LE(at));
      expect(file.readUInt32LE(at + 8), name).toBe(mask(crc32c.buf(file.subarray(at, at + 8))));
      const end = at + 12 + length;
      if (end + 4 <= file.length)
        expect(file.readUInt32LE(end), name).toBe(mask(crc32c.buf(file.subarray(at + 12, end))));
      at = end + 4;
    }
  }
}

/** What a killed run may not have lost: what it had saved before, and all but the steps of a save under way and those since. */
function expectNothingLost(run: string, savedBefore: number): number {
  const saved = stepSaved(run);
  expect(saved).toBeGreaterThanOrEqual(savedBefore);
  const last = readJsonLines<MetricsRecord>(join(run, 'metrics.jsonl')).at(-1)?.step ?? 0;
  expect(last - saved).toBeLessThanOrEqual(2 * saveEvery);
  expect(last).toBeGreaterThanOrEqual(saved);
  if (existsSync(run)) expectEventsReadable(run);
  return saved;
}

/** What so many kills did. */
export interface Toll {
  kills: number;
  /** Kills before anything new was saved. */
  fruitless: number;
  /** Kills inside the writing of a checkpoint. */
  inSave: number;
  /** Trainings that came to their end between the kills, each of which was compared. */
  finished: number;
  seconds: number;
}

/** Kills a training of `steps` steps so many times; whenever it comes to its end it is compared with an undisturbed one, and another begins. */
export async function punish(ground: Ground, kills: number, steps: number, seed: number): Promise<Toll> {
  const whole = join(ground.folder, 'whole');
  const began = performance.now();
  const undisturbed = scalewise(training(ground, whole, steps));
  expect(undisturbed.code, undisturbed.err).toBe(0);
  const length = performance.now() - began;
  const [contents, metrics] = [contentsOf(whole), metricsOf(whole)];
  const uniform = uniforms(seed);
  const toll: Toll = { kills: 0, fruitless: 0, inSave: 0, finished: 0, seconds: 0 };
  while (toll.kills < kills || toll.finished === 0) {
    const run = join(ground.folder, `killed-${toll.finished}`);
    for (let [saved, ended] = [0, false]; !ended;) {
      ended = await live(training(ground, run, steps), toll.kills < kills ? uniform() * length : 600_000);
      if (ended) break;
      toll.kills++;
      if (existsSync(run) && leftovers(run).some((name) => name.includes('step-'))) toll.inSave++;
      const now = expectNothingLost(run, saved);
      if (now === saved) toll.fruitless++;
      saved = now;
    }
    expect(contentsOf(run)).toEqual(contents);
    expect(metricsOf(run)).toEqual(metrics);
    expect(leftovers(run)).toEqual([]);
    expectEventsReadable(run);
    toll.finished++;
  }
  return { ...toll, seconds: Math.round((performance.now() - began) / 1000) };
}
