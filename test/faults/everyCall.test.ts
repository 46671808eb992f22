// Every call to the file system that saving a checkpoint makes fails once, the first, the second, … to the last: as a disk that refuses, and as a
// process killed at that moment. There is a whole checkpoint to go on from each time, and a later save works.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CheckpointWork, newestCheckpoint, writeCheckpoint } from '../../src/train/checkpointFiles.js';
import { UsageError } from '../../src/util/errors.js';
import { sweepParts } from '../../src/util/files.js';

/** What happens before each call of `node:fs` that can fail. */
const faults = vi.hoisted(() => ({ before: undefined as ((name: string) => void) | undefined }));
vi.mock('node:fs', async (original) => {
  const real = await original<Record<string, unknown>>();
  const guarded = Object.entries(real).map(([name, member]) => {
    if (typeof member !== 'function' || !name.endsWith('Sync') || name === 'existsSync') return [name, member] as const;
    const call = (...given: unknown[]): unknown => {
      faults.before?.(name);
      if (name === 'fsyncSync') return undefined; // no power is lost here
      return (member as (...given: unknown[]) => unknown)(...given);
    };
    return [name, call] as const;
  });
  return Object.fromEntries(guarded);
});

/** The process is gone: nothing that comes after this moment happens, no clearing away either. */
class Killed extends Error {}

const root = mkdtempSync(join(tmpdir(), 'scalewise-calls-'));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(root, 'checkpoints-'));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** A checkpoint of two parts at a step of eight images; the newest two stay. */
function workAt(step: number): CheckpointWork {
  const tensor = { dtype: 'F32' as const, shape: [4], bytes: new Uint8Array(Float32Array.of(step, 1, 2, 3).buffer) };
  const part = { tensors: new Map([['weight', tensor]]), metadata: { step: String(step) } };
  const parts = new Map([['generator', part], ['optimizer', part]]); // prettier-ignore
  return {
    folder,
    clock: { step, imagesSeen: 8 * step, skipped: 0, skippedInRow: 0 },
    parts,
    keep: 2,
    kept: step === 1,
  };
}

/** The step of the newest whole checkpoint, of which none may be damaged. */
function newestStep(): number | undefined {
  const damaged: string[] = [];
  const found = newestCheckpoint(folder, (line) => damaged.push(line));
  expect(damaged).toEqual([]);
  return found?.clock.step;
}

/** Saves with the `n`-th call failing; the name of that call, or undefined where there are not so many. */
function saveFailing(step: number, n: number, fault: (name: string) => Error, lasting: boolean) {
  let [calls, failed, error] = [0, undefined as string | undefined, undefined as unknown];
  faults.before = (name) => {
    calls++;
    if (calls === n) failed = name;
    if (calls === n || (lasting && calls > n)) throw fault(name);
  };
  try {
    writeCheckpoint(workAt(step));
  } catch (caught) {
    error = caught;
  } finally {
    faults.before = undefined;
  }
  return { failed, error };
}

const refusal = (code: string) => (name: string) => Object.assign(new Error(`${code}: ${name}`), { code });

/** Fails every call in turn; `check` looks at what is left. */
function everyCall(fault: (name: string) => Error, lasting: boolean, check: (error: unknown, name: string) => void) {
  const names: string[] = [];
  for (const step of [1, 2, 3]) writeCheckpoint(workAt(step));
  const before = `${folder}-before`;
  cpSync(folder, before, { recursive: true });
  for (let n = 1; ; n++) {
    rmSync(folder, { recursive: true });
    cpSync(before, folder, { recursive: true });
    const { failed, error } = saveFailing(4, n, fault, lasting);
    if (failed === undefined) break;
    names.push(failed);
    check(error, failed);
    const left = newestStep();
    expect([3, 4], `call ${n}, ${failed}`).toContain(left);
    sweepParts(folder);
    writeCheckpoint(workAt(5));
    expect(newestStep()).toBe(5);
    const kept = left === 4 ? ['step-00000004'] : ['step-00000003'];
    expect(readdirSync(folder).sort(), `call ${n}, ${failed}`).toEqual(['step-00000001', ...kept, 'step-00000005']);
  }
  expect(names.length).toBeGreaterThan(40);
  for (const name of ['openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync']) expect(names).toContain(name);
}

/** Where a disk refused something: a sentence, or an older checkpoint that could not be read stays one save longer. */
function expectSentence(error: unknown, name: string): void {
  if (name !== 'readFileSync' || error !== undefined) expect(error, name).toBeInstanceOf(UsageError);
}

describe('each call in turn', () => {
  test.each(['ENOSPC', 'EIO'])('%s once: a sentence, and nothing half-written', (code) => {
    everyCall(refusal(code), false, (error, name) => {
      expectSentence(error, name);
      if (name !== 'rmSync') expect(readdirSync(folder).filter((one) => one.endsWith('.part'))).toEqual([]);
    });
  });

  test('a disk that refuses all from then on', () => {
    everyCall(refusal('EROFS'), true, expectSentence);
  });

  test('killed there and then', () => {
    everyCall(() => new Killed(), true, (error) => { expect(error).toBeInstanceOf(Killed); }); // prettier-ignore
  });
});

test('the very first save of a run, killed: no checkpoint, and no damaged one', () => {
  for (let n = 1, failed: string | undefined = ''; failed !== undefined; n++) {
    rmSync(folder, { recursive: true, force: true });
    ({ failed } = saveFailing(1, n, () => new Killed(), true));
    expect([undefined, 1]).toContain(newestStep());
  }
});

test('damaged checkpoints that are newer take no place among those that stay', () => {
  for (const step of [1, 2, 3, 8, 9]) writeCheckpoint({ ...workAt(step), kept: false, keep: 5 });
  for (const step of [8, 9]) rmSync(join(folder, `step-0000000${step}`, 'generator.safetensors'));
  writeCheckpoint({ ...workAt(4), keep: 2 });
  expect(readdirSync(folder).sort()).toEqual([3, 4, 8, 9].map((step) => `step-0000000${step}`));
  writeCheckpoint({ ...workAt(8), keep: 2 });
  expect(readdirSync(folder).sort()).toEqual([4, 8, 9].map((step) => `step-0000000${step}`));
});
