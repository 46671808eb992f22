// The last line of .ci/run and its exit code, with a fake npm.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { put } from './bareProject.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scalewise ci '));
  cpSync(join(import.meta.dirname, '..', '..', '.ci', 'run'), join(folder, '.ci', 'run'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs CI where `npm test` and the other scripts behave as the shell says. */
function ci(testScript: string, otherScript = 'true', olderScript = "echo '2 passed, 0 failed'") {
  const npm = `#!/bin/bash\ncase "$*" in test) ${testScript} ;; *libtorch-1.13) ${olderScript} ;; *test:launchers*) echo '4 passed, 0 failed' ;; *) ${otherScript} ;; esac\n`;
  put(join(folder, 'bin', 'npm'), npm);
  chmodSync(join(folder, 'bin', 'npm'), 0o755);
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
  const { status, stdout } = spawnSync('bash', [join(folder, '.ci', 'run')], { encoding: 'utf8', env });
  return [status, stdout.trim().split('\n').at(-1)];
}

test.each([
  ['all is well', [`echo '3 passed, 0 failed'`], [0, '13 passed, 0 failed']],
  ['failed tests', [`echo '3 passed, 2 failed'; exit 1`], [1, '13 passed, 2 failed']],
  ['npm test dies before its last line', ['echo set-up: no libtorch; exit 2'], [1, '10 passed, 1 failed']],
  ['a good last line and a bad exit code', [`echo '3 passed, 0 failed'; exit 1`], [1, '13 passed, 1 failed']],
  ['a last line that is not the last', [`echo '3 passed, 0 failed'; echo crash; exit 139`], [1, '10 passed, 1 failed']],
  ['lint, types and format fail', [`echo '3 passed, 0 failed'`, 'exit 1'], [1, '9 passed, 4 failed']],
  ['the older libtorch fails', [`echo '3 passed, 0 failed'`, 'true', 'exit 1'], [1, '11 passed, 1 failed']],
] as [string, [string, string?, string?], [number, string]][])('%s', (_, scripts, expected) => {
  expect(ci(...scripts)).toEqual(expected);
});
