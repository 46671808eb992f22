// A web page that cannot be built does not keep set-up from going on.
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
// @ts-expect-error a script without types
import { buildPages as untyped } from '../../scripts/setup/pages.mjs';

const buildPages = untyped as (project: string) => void;

test('it is told of in one sentence, and tried again the next time', () => {
  const project = mkdtempSync(join(tmpdir(), 'scalewise-pages-'));
  mkdirSync(join(project, 'web', 'studio'), { recursive: true });
  mkdirSync(join(project, 'web', 'shared'));
  writeFileSync(join(project, 'web', 'studio', 'vite.config.mjs'), '');
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  buildPages(project); // there is no Vite in its node_modules
  const lines = said.mock.calls.map(([line]) => String(line));
  said.mockRestore();
  expect(lines).toEqual([
    expect.stringMatching(/building the web pages$/),
    expect.stringMatching(/left out: the web page of web\/studio, which cannot be built; all else works without it/),
  ]);
  expect(existsSync(join(project, 'dist', '.pages-built'))).toBe(false);
});
