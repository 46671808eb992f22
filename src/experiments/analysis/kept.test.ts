// Kept figures: computed once for the same settings, anew for others, and never read from what is something else.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sentenceOf } from '../../../test/sentence.js';
import { kept, writeValues } from './kept.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-kept-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('once for the same settings, infinite numbers included', () => {
  let made = 0;
  const ask = (seed: number) => kept(folder, 'before', { seed }, () => ({ made: ++made, psnr: Infinity, none: NaN }));
  expect(ask(1)).toEqual({ made: 1, psnr: Infinity, none: NaN });
  expect(ask(1)).toEqual({ made: 1, psnr: Infinity, none: NaN });
  expect(ask(2).made).toBe(2);
});

test('a file that holds something else is refused', () => {
  const [file] = readdirSync(join(folder, 'figures'));
  const path = join(folder, 'figures', file!);
  const { settings } = JSON.parse(readFileSync(path, 'utf8')) as { settings: { seed: number } };
  const ask = () => kept(folder, 'before', settings, () => ({}));
  writeFileSync(path, '{"settings": {"seed": 9}, "figures": {}}');
  expect(sentenceOf(ask)).toMatch(/found others \(seed\); remove it/);
  writeFileSync(path, 'half of');
  expect(sentenceOf(ask)).toMatch(/expected figures as JSON/);
});

test('all values', () => {
  writeValues(folder, { a: [1, NaN] });
  expect(JSON.parse(readFileSync(join(folder, 'values.json'), 'utf8'))).toEqual({ a: [1, 'NaN'] });
});
