// The project's own copy of golden values: ports of the public models must reproduce them.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFlexVar } from './flexVar.js';
import { GoldenFile } from './goldenFile.js';

const folder = join(import.meta.dirname, '..', '..', 'test', 'golden');

test('flexvar_small', () => {
  const checks = checkFlexVar(new GoldenFile(join(folder, 'flexvar_small.safetensors')));
  for (const c of checks) console.log(c.ok ? 'ok' : 'FAILED', c.name, c.detail);
  expect(checks.filter((check) => !check.ok)).toEqual([]);
});
