// A hundred thousand random calls at the addon, in a process of its own: every one ends in a result or in an error that names the operator.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { libtorch } from '../../src/torch/index.js';

const here = dirname(fileURLToPath(import.meta.url));
const calls = 100_000;
const stuckSeconds = 30;

/** What fuzz.mjs prints. */
interface Outcome {
  results: number;
  torchErrors: number;
  typeErrors: number;
  operators: number;
  entryCalls: number;
  peakMegabytes: number;
  faults: string[];
}

function addonPath(): string {
  const file = process.env['SCALEWISE_LIBTORCH_BUILD'] ?? join(here, '..', '..', 'build', 'libtorch.json');
  return resolve(dirname(file), libtorch().build.addon);
}

/** Runs the child, and ends it where one call takes too long; the last call made is told where it did not end well. */
async function fuzz(seed: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-fuzz-'));
  const progress = join(folder, 'progress');
  const lastCall = () => readFileSync(progress, 'utf8').trim();
  try {
    const args = [join(here, 'fuzz.mjs'), addonPath(), String(seed), String(calls), progress];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (part: Buffer) => (output += part.toString()));
    let before = '';
    const watch = setInterval(() => {
      if (lastCall() === before) child.kill('SIGKILL');
      before = lastCall();
    }, stuckSeconds * 1000);
    const end = await new Promise((done) => child.on('close', (code, signal) => { done(signal ?? code); })); // prettier-ignore
    clearInterval(watch);
    if (end !== 0) throw new Error(`seed ${seed}: the process ended with ${String(end)} in call ${lastCall()}`);
    return JSON.parse(output.trim().split('\n').at(-1)!) as Outcome;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('100,000 random calls never crash, hang or leak', async () => {
  const seed = Number(process.env['SCALEWISE_FUZZ_SEED'] ?? 1);
  const outcome = await fuzz(seed);
  expect(outcome.faults).toEqual([]);
  expect(outcome.results + outcome.torchErrors + outcome.typeErrors).toBe(calls);
  for (const kind of [outcome.results, outcome.torchErrors, outcome.typeErrors])
    expect(kind).toBeGreaterThan(calls / 20);
  expect(outcome.operators).toBeGreaterThan(3000);
  expect(outcome.entryCalls).toBeGreaterThan(calls / 20);
  expect(outcome.peakMegabytes).toBeLessThan(2048);
});
