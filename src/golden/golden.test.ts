// The project's own copy of golden values: ports of the public models must reproduce them.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFlexVar } from './flexVar.js';
import { checkSar } from './sar.js';
import { GoldenFile } from './goldenFile.js';

const folder = join(import.meta.dirname, '..', '..', 'test', 'golden');

test('flexvar_small', () => {
  const checks = checkFlexVar(new GoldenFile(join(folder, 'flexvar_small.safetensors')));
  expect(checks.filter((check) => !check.ok)).toEqual([]);
});

test('sar_small', () => {
  const checks = checkSar(new GoldenFile(join(folder, 'sar_small.safetensors')));
  expect(checks.filter((check) => !check.ok)).toEqual([]);
});
