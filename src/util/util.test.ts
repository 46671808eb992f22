// The ground floor: suggestions, seeds and orders, atomic files.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from './errors.js';
import { explainIo, sha256File, writeFileAtomic, writeFolderAtomic } from './files.js';
import { permutation, seedFor, uniforms } from './random.js';
import { didYouMean, nearest } from './suggest.js';

test('the nearest name, or none', () => {
  expect(nearest('lerning_rate', ['batch', 'learning_rate', 'depth'])).toBe('learning_rate');
  expect(nearest('xyz', ['batch', 'learning_rate'])).toBeUndefined();
  expect(didYouMean('fashon-mnist', ['fashion-mnist'])).toBe("; did you mean 'fashion-mnist'?");
});

test('seeds depend on every part and on its kind, and stay the same', () => {
  expect(seedFor('step', 1)).toBe(seedFor('step', 1));
  expect(new Set([seedFor('a', 1), seedFor('a', 2), seedFor('b', 1), seedFor('a', '1'), seedFor('a1')]).size).toBe(5);
  expect(seedFor(0, 'step', 128)).toBe(seedFor(0, 'step', 128));
  expect(Number.isSafeInteger(seedFor('x'))).toBe(true);
});

test('a permutation holds every index once, and another seed gives another order', () => {
  for (const n of [1, 2, 10, 1000]) {
    const order = Array.from({ length: n }, (_, i) => permutation(n, 5)(i));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  }
  const order = (seed: number) => Array.from({ length: 100 }, (_, i) => permutation(100, seed)(i));
  expect(order(1)).not.toEqual(order(2));
});

test('uniform numbers fill [0, 1)', () => {
  const next = uniforms(3);
  const values = Array.from({ length: 2000 }, next);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(values.reduce((a, b) => a + b) / values.length).toBeCloseTo(0.5, 1);
});

test('a file is whole or as before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-'));
  const path = join(folder, 'a', 'b.txt');
  writeFileAtomic(path, 'one');
  expect(() => {
    writeFileAtomic(path, () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    });
  }).toThrow(new UsageError(`${path}: the disk is full; free some space and run the same command again`));
  expect(readFileSync(path, 'utf8')).toBe('one');
  expect(readdirSync(join(folder, 'a'))).toEqual(['b.txt']);
  expect(sha256File(path)).toBe('7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed');
});

test('a folder is whole or as before', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'scalewise-')), 'checkpoint');
  const fill = (text: string) => (aside: string) => {
    writeFileSync(join(aside, 'x'), text);
  };
  writeFolderAtomic(folder, fill('one'));
  writeFolderAtomic(folder, fill('two'));
  expect(readFileSync(join(folder, 'x'), 'utf8')).toBe('two');
  expect(() => {
    writeFolderAtomic(folder, () => {
      throw new Error('stop');
    });
  }).toThrow('stop');
  expect(readFileSync(join(folder, 'x'), 'utf8')).toBe('two');
  expect(readdirSync(join(folder, '..'))).toEqual(['checkpoint']);
});

test('errors of the file system become sentences; others stay', () => {
  expect(() => explainIo('x', () => readFileSync('/nowhere/at/all'))).toThrow(/x: no such file or folder/);
  expect(() =>
    explainIo('x', () => {
      throw new Error('ours');
    }),
  ).toThrow('ours');
  expect(existsSync('/nowhere')).toBe(false);
});
