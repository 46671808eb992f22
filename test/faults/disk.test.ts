// A disk that fills up under a training, and one that is read-only: a small file system in memory, where the machine lets us mount it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJsonLines } from '../../src/formats/index.js';
import { metricsOf, scalewise } from '../cli/run.js';
import { contentsOf, type Ground, leftovers, start, stepSaved, tinyGround, training, untilSaved } from './tinyRun.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-disk-'));
const mount = (...args: string[]) => spawnSync('mount', [...args, folder]).status === 0;
const mounted = mount('-t', 'tmpfs', '-o', 'size=24m', 'tmpfs');
if (!mounted) console.warn('no file system can be mounted here: the tests on full and read-only disks are left out');
afterAll(() => {
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

describe.runIf(mounted)('a training', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await tinyGround();
  });

  test('on a disk that fills up ends with a sentence, its checkpoints whole; with space again the same command ends as if nothing had been', async () => {
    const [steps, run, whole] = [300, join(folder, 'run'), join(ground.folder, 'whole')];
    const undisturbed = scalewise(training(ground, whole, steps));
    expect(undisturbed.code, undisturbed.err).toBe(0);
    for (const from of [10, 30]) {
      const { ended } = start(training(ground, run, steps));
      await untilSaved(run, from);
      const filler = join(folder, 'filler');
      expect(() => { writeFileSync(filler, Buffer.alloc(32 << 20)); }).toThrow(/ENOSPC/);
      const { code, err } = await ended;
      expect(code, err).toBe(2);
      expect(err.match(/^error: .*$/gm)).toEqual([expect.stringMatching(/the disk is full; free some space and run the same command again/)]);
      expect(err).not.toMatch(/^ +at /m);
      const saved = stepSaved(run);
      expect(saved).toBeGreaterThanOrEqual(from);
      expect(saved).toBeLessThan(steps);
      expect(readJsonLines(join(run, 'metrics.jsonl')).length).toBeGreaterThanOrEqual(saved);
      expect(leftovers(run)).toEqual([]);
      rmSync(filler);
    }
    const { code, err } = scalewise(training(ground, run, steps));
    expect(code, err).toBe(0);
    expect(contentsOf(run)).toEqual(contentsOf(whole));
    expect(metricsOf(run)).toEqual(metricsOf(whole));
  }); // prettier-ignore

  test('on a read-only disk ends with a sentence, and goes on when it can be written to', () => {
    const run = join(folder, 'read-only');
    const go = (out: string, steps: number) => scalewise(training(ground, out, steps));
    expect(go(run, 10).code).toBe(0);
    const before = contentsOf(run);
    expect(mount('-o', 'remount,ro')).toBe(true);
    for (const out of [run, join(folder, 'new')]) {
      const { code, err } = go(out, 15);
      expect(code, err).toBe(2);
      expect(err).toMatch(/^error: .*: the file system is read-only; choose another place$/m);
    }
    expect(contentsOf(run)).toEqual(before);
    expect(mount('-o', 'remount,rw')).toBe(true);
    const { code, err } = go(run, 15);
    expect(code, err).toBe(0);
    expect(stepSaved(run)).toBe(15);
  });
});
