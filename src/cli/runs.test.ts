// `scalewise runs …` from arguments to what is printed and what is deleted.
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { falling, makeRun, stepName } from '../../test/runFolders.js';
import { run } from './main.js';

const { out, told } = collectPrinted();
let root = '';
beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
  root = mkdtempSync(join(tmpdir(), 'scalewise-cli-runs-'));
  const written = new Date('2037-01-02T03:04:05Z');
  makeRun(join(root, 'a'), { records: falling([8, 32, 64], 5), checkpoints: [16, 32, 48, 64], kept: [32] });
  makeRun(join(root, 'b'), { config: { seed: 2, images: 96 }, records: falling([8, 24, 72], 2.5), checkpoints: [64] });
  for (const name of ['a', 'b']) utimesSync(join(root, name, 'metrics.jsonl'), written, written);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** Runs a command; answers its exit code and what it printed, the folder's path left out. */
async function scalewise(...args: string[]): Promise<{ code: unknown; out: string[]; told: string }> {
  out.length = 0;
  told.length = 0;
  process.exitCode = 0;
  await run(['node', 'scalewise', 'runs', ...args]);
  const plain = (text: string) => text.replaceAll(`${root}/`, '');
  return { code: process.exitCode, out: plain(out.join('\n')).split('\n'), told: plain(told.join('')) };
}
const at = (...names: string[]) => names.map((name) => join(root, name));

test('list: a row a run, broken ones named and left out', async () => {
  writeFileSync(join(makeRun(join(root, 'broken'), { checkpoints: [8] }), 'config.json'), '{');
  rmSync(join(root, 'b', 'checkpoints', stepName(64), 'generator.safetensors'));
  const shown = await scalewise('list', root);
  expect(shown.out.slice(1, 3).map((line) => line.split(/ {2,}/).slice(0, 8))).toEqual([
    ['a', 'train', 'flexvar', 'fashion-mnist', '64 / 64', '3', 'done', '2037-01-02 03:04'],
    ['b', 'train', 'flexvar', 'fashion-mnist', '72 / 96', '0.5', 'damaged', '2037-01-02 03:04'], // prettier-ignore
  ]);
  expect(shown.out[3]).toMatch(/step-00000008: damaged: generator\.safetensors is missing or has another size$/);
  expect(shown.out).toHaveLength(4);
  expect(shown.told).toBe('left out: broken/config.json: not JSON; the run is damaged\n');
  expect(shown.code).toBe(0);
});

test('list: for machines, and where there is nothing', async () => {
  const { out: lines } = await scalewise('list', root, '--json');
  const { runs, broken } = JSON.parse(lines.join('\n')) as { runs: Record<string, unknown>[]; broken: string[] };
  expect(runs).toMatchObject([
    { path: 'a', state: 'done', loss: 3, checkpoints: 4, written: '2037-01-02T03:04:05.000Z' },
    { path: 'b', state: 'unfinished', loss: 0.5, checkpoints: 1, imagesSaved: 64 },
  ]);
  expect(broken).toEqual([]);
  expect((await scalewise('list', join(root, 'a', 'samples'))).out[0]).toMatch(/there is no run in it$/);
  expect(await scalewise('list', join(root, 'nowhere'))).toMatchObject({ code: 2, told: 'error: nowhere: no such file or folder' }); // prettier-ignore
});

test('show: settings, numbers, checkpoints; every byte where asked', async () => {
  const shown = await scalewise('show', ...at('a'), '--verify');
  const text = shown.out.join('\n');
  expect(text).toMatch(/^a: train, done, 2037-01-02 03:04, /);
  expect(text).toContain('64 of 64 images seen, 64 of them in the newest whole checkpoint');
  expect(text).toContain('  seed: 1');
  expect(text).toContain('  loss: 3');
  expect(text).toContain(`checkpoints/${stepName(32)}: 32 images, 0.0 MB, kept for good`);
  expect(shown.out.at(-1)).toBe('4 checkpoints: every file has the sum that its manifest names');
  expect(shown.code).toBe(0);
  writeFileSync(join(root, 'a', 'checkpoints', stepName(32), 'generator.safetensors'), Buffer.alloc(1000, 1));
  expect((await scalewise('show', ...at('a'))).code).toBe(0);
  const damaged = await scalewise('show', ...at('a'), '--verify');
  expect(damaged.out.at(-1)).toMatch(/damaged: the content of generator\.safetensors has changed/);
  expect(damaged.code).toBe(1);
  const machine = await scalewise('show', ...at('a'), '--json');
  expect(JSON.parse(machine.out.join('\n'))).toMatchObject({ path: 'a', config: { seed: 1 }, last: { loss: 3 }, checkpoints: { length: 4 }, damaged: [] }); // prettier-ignore
});

test('compare: what differs, and metrics side by side', async () => {
  const { out: lines } = await scalewise('compare', ...at('a', 'b'), '--metric', 'loss', '--points', '2');
  const cells = lines.map((line) => line.trim().split(/ {2,}/));
  expect(cells).toEqual([
    ['setting', join(root, 'a'), join(root, 'b')].map((one) => one.replace(`${root}/`, '')),
    ['images', '64', '96'],
    ['seed', '1', '2'],
    [''],
    ['loss', 'a', 'b'],
    ['32', '4', '1.3333'],
    ['64', '3', '0.66667'],
  ]);
});

test('compare: curves, and runs that cannot be compared', async () => {
  const chart = join(root, 'curves');
  const shown = await scalewise('compare', ...at('a', 'b'), '--json', '--chart', chart);
  const { metrics } = JSON.parse(shown.out.join('\n')) as { metrics: { metric: string }[] };
  expect(metrics.map(({ metric }) => metric)).toEqual(['loss', 'learning_rate']);
  expect(existsSync(`${chart}.svg`) && existsSync(`${chart}.png`)).toBe(true);
  expect(await scalewise('compare', ...at('a'))).toMatchObject({ code: 2, told: 'error: runs compare: give two runs or more' }); // prettier-ignore
  expect((await scalewise('compare', ...at('a', 'b'), '-m', 'fid')).told).toBe(
    "error: a: it recorded no metric 'fid'; it has loss, learning_rate",
  );
});

test('prune: says first, deletes only when told to', async () => {
  const checkpoints = () => readdirSync(join(root, 'a', 'checkpoints')).sort();
  const before = checkpoints();
  const plan = ['would delete 2 checkpoints (0.0 MB), keep 2', ...[48, 16].map((one) => `  a/checkpoints/${stepName(one)}`)]; // prettier-ignore
  const dry = await scalewise('prune', ...at('a'), '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: [`a: ${plan[0]!}`, ...plan.slice(1)] });
  const asked = await scalewise('prune', ...at('a'));
  expect(asked).toMatchObject({ code: 2, out: dry.out, told: expect.stringMatching(/add --yes to delete this$/) as string }); // prettier-ignore
  expect((await scalewise('prune', ...at('a'), '--yes', '--dry-run')).code).toBe(2);
  expect(checkpoints()).toEqual(before);

  const done = await scalewise('prune', ...at('a', 'absent', 'b'), '--yes');
  expect(done.out[0]).toBe('a: deleted 2 checkpoints (0.0 MB), kept 2');
  expect(done.out.at(-1)).toBe('b: deleted 0 checkpoints (0.0 MB), kept 1');
  expect(done).toMatchObject({ code: 1, told: expect.stringMatching(/^left out: absent: there is no such folder/) as string }); // prettier-ignore
  expect(checkpoints()).toEqual([32, 64].map(stepName));
  expect((await scalewise('prune', ...at('a'))).code).toBe(0); // nothing to do
  const last = await scalewise('prune', ...at('a'), '--keep-every', '0', '--yes', '--json');
  expect(JSON.parse(last.out.join('\n'))).toMatchObject({ deleted: true, plans: [{ run: 'a' }], broken: [] });
  expect(checkpoints()).toEqual([stepName(64)]);
});
