// `scalewise doctor` as it is run, where the addon loads and where it is missing, damaged, or not an addon.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Facts } from '../src/cli/doctor/facts.js';
import { libtorch } from '../src/torch/index.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-doctor-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function scalewise(args: string[], build?: string): { code: number | null; out: string; err: string } {
  const program = join(import.meta.dirname, '..', 'bin', 'scalewise.mjs');
  const env = {
    ...process.env,
    SCALEWISE_CACHE: join(folder, 'cache'),
    ...(build && { SCALEWISE_LIBTORCH_BUILD: build }),
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env });
  return { code: status, out: stdout, err: stderr };
}

test('a machine that works', () => {
  const { code, out } = scalewise(['doctor', '--json']);
  const { usable, facts } = JSON.parse(out) as { usable: boolean; facts: Facts };
  expect([code, usable]).toEqual([0, true]);
  const { version, gloo, cudaDevices, build } = libtorch();
  expect(facts.libtorch).toEqual({ version: build.version, source: build.source, root: build.root });
  expect(facts.addon).toMatchObject({ version, gloo, cudaDevices });
  expect((facts.addon as { gflops: number }).gflops).toBeGreaterThan(0);
});

const noAddon = join(folder, 'not-an-addon.node');
writeFileSync(noAddon, 'no ELF file');
const record = (addon: string) => JSON.stringify({ source: 'wheel', root: folder, version: '2.13.0', addon });

test.each([
  ['no set-up', undefined, /there is no .*build\.json/],
  ['a record cut short', '{ "source', /there is no|damaged/],
  ['an addon that is gone', record('gone.node'), /gone\.node is missing/],
  ['a file that is no addon', record(noAddon), /does not load/],
])('%s: exit code 2 and the remedy', (_, text, reason) => {
  const build = join(folder, 'build.json');
  rmSync(build, { force: true });
  if (text !== undefined) writeFileSync(build, text);
  const { code, out } = scalewise(['doctor'], build);
  expect(code).toBe(2);
  expect(out).toMatch(reason);
  expect(out).toContain('run `npm run setup`');
});

test('any other command says so in one line', () => {
  const { code, out, err } = scalewise(['train', '--dry-run'], join(folder, 'absent.json'));
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^error: the native addon is not built: .*run `npm run setup`.*\n$/);
});
