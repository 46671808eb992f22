// A full disk under metrics and event files: a real one, a small file system in memory, where the machine lets us mount it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { appendJsonLine, EventWriter, readJsonLines } from '../formats/index.js';
import { UsageError } from '../util/errors.js';
import { Expendable } from './expendable.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-small-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
if (!mounted) console.warn('no file system can be mounted here: the tests on a full disk are left out');
afterAll(() => {
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

test('what the disk refuses is told once, and so is its end; faults of ours are thrown', () => {
  const said: string[] = [];
  const metrics = new Expendable('metrics', (line) => said.push(line));
  const refused = () => {
    throw new UsageError('m.jsonl: the disk is full');
  };
  expect([metrics.attempt(refused), metrics.attempt(refused), metrics.attempt(() => undefined)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(metrics.attempt(() => undefined)).toBe(true);
  expect(metrics.attempt(refused)).toBe(false);
  const broken = 'metrics cannot be written, training goes on without: m.jsonl: the disk is full';
  expect(said).toEqual([broken, 'metrics can be written again', broken]);
  expect(() => metrics.attempt(() => (undefined as unknown as string[]).pop())).toThrow(TypeError);
});

/** Fills the file system to the last byte, but for `spare` of them. */
function fill(spare: number): string {
  const path = join(folder, 'filler');
  rmSync(path, { force: true });
  expect(() => {
    writeFileSync(path, Buffer.alloc(128 << 10));
  }).toThrow(/ENOSPC/);
  const { length } = readFileSync(path);
  rmSync(path);
  writeFileSync(path, Buffer.alloc(length - spare));
  return path;
}

describe.runIf(mounted)('on a disk that fills up', () => {
  test('metrics lose the lines of that time and no others', () => {
    const path = join(folder, 'metrics.jsonl');
    const said: string[] = [];
    const metrics = new Expendable('metrics', (line) => said.push(line));
    const record = (step: number) => metrics.attempt(() => { appendJsonLine(path, { step, note: '.'.repeat(1500) }); }); // prettier-ignore
    expect(record(0)).toBe(true);
    const filler = fill(0);
    const fitted = [1, 2, 3, 4, 5].map(record);
    expect(fitted.slice(2)).toEqual([false, false, false]); // the rest of the file's last page took one or two
    const steps = () => readJsonLines<{ step: number }>(path).map(({ step }) => step);
    const before = [0, ...[1, 2].filter((_, i) => fitted[i])];
    expect(steps()).toEqual(before);
    rmSync(filler);
    expect(record(6)).toBe(true);
    expect(steps()).toEqual([...before, 6]);
    expect(said).toEqual([expect.stringContaining('metrics.jsonl: the disk is full'), 'metrics can be written again']);
    rmSync(path);
  });

  test('an event file stays one of whole records', () => {
    const events = new EventWriter(folder);
    const filler = fill(0);
    let written = 0;
    expect(() => {
      for (; written < 1000; written++) events.scalar('loss', written, 1);
    }).toThrow(UsageError);
    const whole = readFileSync(events.path).length;
    const each = 4 + 4 + 8 + 9 + 2 + 15; // what frames a record and what is in it; steps below 128 take one byte
    expect(whole).toBeLessThanOrEqual(4096);
    expect(written).toBeGreaterThan(0);
    rmSync(filler);
    events.scalar('loss', 7, 2);
    events.close();
    expect(readFileSync(events.path).length).toBe(whole + each);
    rmSync(events.path);
  });

  test('an event file that cannot even begin leaves nothing behind', () => {
    const filler = fill(0);
    expect(() => new EventWriter(folder)).toThrow(/the disk is full/);
    expect(readdirSync(folder)).toEqual(['filler']);
    rmSync(filler);
  });
});
