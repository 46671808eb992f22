// A temporary folder goes with its work, and with the program.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporaryFolder.js';

test('it is removed with all that it holds, and the program forgets it', () => {
  const before = process.listenerCount('exit');
  const folder = temporaryFolder('scalewise-test');
  writeFileSync(join(folder.path, 'file'), 'held');
  expect(process.listenerCount('exit')).toBe(before + 1);
  folder[Symbol.dispose]();
  expect(existsSync(folder.path)).toBe(false);
  expect(process.listenerCount('exit')).toBe(before);
});

test('it is removed where the program leaves before', () => {
  const folder = temporaryFolder('scalewise-test');
  for (const leave of process.listeners('exit').slice(-1)) leave(0);
  expect(existsSync(folder.path)).toBe(false);
  folder[Symbol.dispose]();
});
