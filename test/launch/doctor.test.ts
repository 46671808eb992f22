// `scalewise doctor --dist` as it is run, and what a failing process leaves for torchrun.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Topology } from '../../src/launch/index.js';
import { libtorch } from '../../src/torch/index.js';
import { scalewise } from '../cli/run.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-topology-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('a process alone', () => {
  const { code, out } = scalewise(['doctor', '--dist'], { env: { MASTER_ADDR: 'somewhere' } });
  expect(code).toBe(0);
  expect(out).toContain('source     nothing: one process alone\nrank       0 of 1');
  expect(out).toContain('variables  MASTER_ADDR=somewhere');
  expect(out).toContain('doubtful   MASTER_ADDR or WORLD_SIZE is set, and no rank');
});

test.skipIf(!libtorch().gloo)('two processes meet', () => {
  const { code, out, err } = scalewise(['launch', '--nproc', '2', 'doctor', '--dist', '--json'], {
    env: { OMP_NUM_THREADS: '1' },
  });
  expect(code, err).toBe(0);
  const reports = [out, err.replace('[rank 1] ', '')].map(
    (text) => JSON.parse(text) as { topology: Topology; sumOfRanks: number; doubts: string[] },
  );
  expect(reports.map(({ topology }) => topology.rank)).toEqual([0, 1]);
  expect(reports.map(({ sumOfRanks }) => sumOfRanks)).toEqual([1, 1]);
  expect(reports[0]!.doubts).toEqual([]);
});

test('a refusal is one sentence, and torchrun is told in the form that it reads', () => {
  const file = join(folder, 'error.json');
  const { code, err } = scalewise(['doctor', '--dist'], { env: { LOCAL_RANK: '0', TORCHELASTIC_ERROR_FILE: file } });
  const sentence = 'LOCAL_RANK is set, and RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT not';
  expect([code, err]).toEqual([2, expect.stringMatching(new RegExp(`^error: ${sentence}.*\n$`))]);
  const { message } = JSON.parse(readFileSync(file, 'utf8')) as {
    message: { message: string; extraInfo: { py_callstack: string; timestamp: string } };
  };
  expect(message.message).toContain(`UsageError: ${sentence}`);
  expect(message.extraInfo.py_callstack.startsWith(sentence)).toBe(true);
  expect(Math.abs(Number(message.extraInfo.timestamp) - Date.now() / 1000)).toBeLessThan(60);
});

test('what several processes are of no use for is not launched', () => {
  const { code, err } = scalewise(['launch', '--nproc', '2', 'sample', '--out', 'x.png']);
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/^error: launch: expected train, refine, .*got 'sample --out x.png'/),
  ]);
});
