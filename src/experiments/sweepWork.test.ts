// Work on points that several processes share: who may take what, and what is left of those that ended.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { WorkFolder } from './sweepWork.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-sweep-work-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

let folder = '';
let folders = 0;
beforeEach(() => {
  folder = join(root, String(folders++));
});

const key = '0123456789abcdef';
const other = 'fedcba9876543210';
/** A workplace as a process of another machine, or of this one, sees it. */
const place = (owner: string, patience?: number) => new WorkFolder(folder, { owner, ...(patience !== undefined && { patience }) }); // prettier-ignore
const [a, b] = ['a.1.00', 'b.1.00'];

test('a point is one process’s until it is done or left; other points are free', () => {
  const work = place(a).take(key)!;
  expect(place(b).take(key)).toBeUndefined();
  place(b).take(other)!.done();
  writeFileSync(join(work.folder, 'half'), '');
  work[Symbol.dispose]();
  const again = place(b).take(key)!;
  expect(readdirSync(again.folder).sort()).toEqual(['alive', 'half']);
  again.done();
  again[Symbol.dispose]();
  expect(readdirSync(folder)).toEqual([]);
});

test('the work of a process that has ended is gone on with; that of one that runs is not', () => {
  const { pid } = spawnSync(process.execPath, ['--version']); // has ended
  const [ended, runs, self] = [`here.${pid}.00`, `here.${process.ppid}.00`, `here.${process.pid}.00`];
  writeFileSync(join(place(ended).take(key)!.folder, 'half'), '');
  expect(existsSync(join(place(self).take(key)!.folder, 'half'))).toBe(true);
  expect(place(`here.${process.pid}.11`).take(key)).toBeDefined(); // an earlier process of the same number
  place(runs).take(other);
  expect(place(self).take(other)).toBeUndefined();
  expect(place(`there.${pid}.00`).take(other)).toBeUndefined(); // nobody knows the processes of another machine
});

test('what shows no sign of life for long is taken over, and its owner is told', () => {
  const work = place(a).take(key)!;
  const taker = place(b, 0);
  expect(taker.take(key)).toBeUndefined(); // seen for the first time
  utimesSync(join(work.folder, 'alive'), 1, 1);
  expect(taker.take(key)).toBeUndefined(); // it has told since
  const taken = taker.take(key)!;
  expect([work.isLost, taken.isLost]).toEqual([true, false]);
  expect(() => { work.beat(); }).toThrow('ENOENT'); // prettier-ignore
  mkdirSync(work.folder); // a part that was written without knowing
  work[Symbol.dispose]();
  expect(readdirSync(folder)).toEqual([`${key}.${b}`]);
  taken.beat();
  expect(place(a).take(key)).toBeUndefined();
});
