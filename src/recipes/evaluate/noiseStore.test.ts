import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { noiseFile } from './noiseStore.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-noise-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

test('what was found is found once, to the bit, until settings change or the file is damaged', () => {
  const path = join(root, 'noise.json');
  const values = [0.1 + 0.2, 1e-300, -5 / 3];
  let made = 0;
  const find = (seed: number, one = values) => noiseFile(path, { seed }).once('fcd', () => (made++, one));
  expect(find(1)).toEqual(values);
  expect(find(1, [])).toEqual(values);
  expect(made).toBe(1);
  find(2);
  expect(made).toBe(2);
  truncateSync(path, 10);
  expect(find(2)).toEqual(values);
  expect(made).toBe(3);
});

test('what JSON cannot keep is not kept', () => {
  const path = join(root, 'infinite.json');
  const store = noiseFile(path, {});
  expect(store.once('a', () => ({ points: [1, NaN] }))).toEqual({ points: [1, NaN] });
  expect(store.once('a', () => [2])).toEqual([2]);
  expect(readFileSync(path, 'utf8')).toContain('"a":[2]');
});
