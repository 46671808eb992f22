// `scalewise launch` as processes: what they are given, how they end together, that they are started again, and that none is left behind.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';

const base = mkdtempSync(join(tmpdir(), 'scalewise-launch-'));
afterAll(() => {
  rmSync(base, { recursive: true });
});

const library = JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'launch', 'index.js')).href);
const launcher = join(base, 'launcher.mjs');
writeFileSync(
  launcher,
  `import { launch, planOf } from ${library};
const [worker, maxRestarts] = process.argv.slice(2);
const say = (line) => console.error('launch: ' + line);
const program = [process.execPath, worker];
process.exitCode = await launch({ ...planOf({ processes: 2 }, {}), program, maxRestarts: Number(maxRestarts), patience: 500, say });
`,
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(base, 'job-'));
});

/** Writes a worker: \`rank\`, \`restart\`, \`note(text)\` (a file of the folder) and \`wait(milliseconds)\` are at hand. */
function worker(body: string): string {
  const file = join(folder, 'worker.mjs');
  const head = `import { writeFileSync } from 'node:fs';
import { leaveWithLauncher } from ${library};
leaveWithLauncher();
const [rank, restart] = [process.env.RANK, process.env.TORCHELASTIC_RESTART_COUNT];
const note = (text) => writeFileSync(${JSON.stringify(folder)} + '/' + text + '.note', String(process.pid));
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
`;
  writeFileSync(file, head + body);
  return file;
}

const notes = () => readdirSync(folder).filter((name) => name.endsWith('.note')).map((name) => name.slice(0, -5)).sort(); // prettier-ignore

/** Starts the launcher on a worker. */
function job(body: string, maxRestarts = 0) {
  const environment = { ...process.env };
  delete environment['OMP_NUM_THREADS'];
  const child = spawn(process.execPath, [launcher, worker(body), String(maxRestarts)], { env: environment });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((done) =>
    child.on('close', (code) => {
      done({ code, out, err });
    }),
  );
  return { child, ended };
}

const appear = (count: number) => vi.waitUntil(() => notes().length >= count, { timeout: 20_000, interval: 20 });

test("every process has torchrun's variables and its share of the cores; the first one's output is untouched", async () => {
  const { code, out, err } = await job(`
    const names = ['RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'LOCAL_WORLD_SIZE', 'GROUP_RANK', 'MASTER_ADDR', 'OMP_NUM_THREADS'];
    console.log(names.map((name) => process.env[name]).join(' '), Number(process.env.MASTER_PORT) > 1023);
    console.error('heard');`).ended;
  expect([code, out]).toEqual([0, expect.stringMatching(/^0 0 2 2 0 127\.0\.0\.1 [1-9]\d* true\n$/)]);
  expect(err.split('\n').sort().filter(Boolean)).toEqual([
    expect.stringMatching(/^\[rank 1\] 1 1 2 2 0 127\.0\.0\.1 [1-9]\d* true$/),
    '[rank 1] heard',
    'heard',
  ]);
});

test('the first that fails ends the others and gives the exit code', async () => {
  const { code, err } = await job(`
    if (rank === '1') process.exit(7);
    process.on('SIGTERM', () => process.exit(143));
    await wait(60_000);`).ended;
  expect([code, err]).toEqual([7, 'launch: rank 1 ended with code 7; the other processes here have ended too\n']);
});

test('a process that does not end is killed, and a signal is named', async () => {
  const { code, err } = await job(`
    process.on('SIGTERM', () => note('refused'));
    note(rank);
    if (rank === '0') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);
    await wait(60_000);`).ended;
  expect([code, err]).toEqual([137, expect.stringContaining('rank 0 was killed by SIGKILL')]);
  expect(notes()).toContain('refused');
});

test('all are started again as often as allowed', async () => {
  const body = `note(rank + '-' + restart); await wait(300); process.exit(rank === '1' && restart < 1 ? 70 : 0);`;
  const { code, err } = await job(body, 2).ended;
  expect([code, notes()]).toEqual([0, ['0-0', '0-1', '1-0', '1-1']]);
  expect(err).toContain('launch: starting all 2 again (restart 1 of 2)');
  expect((await job('process.exit(70)', 1).ended).code).toBe(70);
});

test.each([2, 65])('exit code %i is not retried', async (expected) => {
  const { code, err } = await job(`process.exit(${expected})`, 3).ended;
  expect(code).toBe(expected);
  expect(err).not.toContain('again');
});

test('a signal is passed on once, and the processes may take their time after it', async () => {
  const { child, ended } = job(
    `
    let count = 0;
    process.on('SIGTERM', async () => {
      note('signal' + rank + '-' + ++count);
      await wait(rank === '1' ? 0 : 1500);
      process.exit(143);
    });
    note(rank);
    await wait(60_000);`,
    3,
  );
  await appear(2);
  child.kill('SIGTERM');
  child.kill('SIGTERM'); // npm and timeout do that
  expect((await ended).code).toBe(143);
  expect(notes()).toEqual(['0', '1', 'signal0-1', 'signal1-1']);
});

test('no process outlives a launcher that was killed', async () => {
  const { child, ended } = job('note(rank); await wait(60_000);');
  await appear(2);
  child.kill('SIGKILL');
  await ended;
  const lives = (name: string) => {
    try {
      return process.kill(Number(readFileSync(join(folder, `${name}.note`), 'utf8')), 0);
    } catch {
      return false;
    }
  };
  await vi.waitUntil(() => !lives('0') && !lives('1'), { timeout: 10_000 });
});
