// Golden values of the full-size published models: minutes, and 3 GB of memory.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFile } from './index.js';

test('flexvar_d16', () => {
  const path = join(import.meta.dirname, '..', '..', 'test', 'golden', 'flexvar_d16.safetensors');
  const { checks, unread } = checkFile(path);
  expect(checks.filter((check) => !check.ok)).toEqual([]);
  expect(checks.length).toBe(15);
  expect(unread).toEqual([]);
});
