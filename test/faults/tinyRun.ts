// A training of a few seconds as a user starts it, for faults to strike: some hundred short steps, each of them recorded, every fifth saved.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { newestCheckpoint } from '../../src/train/checkpointFiles.js';
import { sha256File } from '../../src/util/files.js';
import { bin, type Ended, scalewise, temporary, tinyData, tinyTokenizer } from '../cli/run.js';

/** Steps between two saves. */
export const saveEvery = 5;
const batchSize = 4;

/** What the runs of a test share: a data set and a tokenizer. */
export interface Ground {
  folder: string;
  data: string;
  tokenizer: string;
}

/** Makes the data set and the tokenizer. */
export async function tinyGround(): Promise<Ground> {
  const folder = temporary();
  const [data, tokenizer] = [await tinyData(), join(folder, 'tokenizer')];
  const ended = scalewise(['tokenizer', 'train', '-d', data, '-o', tokenizer, ...tinyTokenizer, '-s', 'images=8']);
  expect(ended.code, ended.err).toBe(0);
  return { folder, data, tokenizer };
}

/** The command of a training of so many steps into a folder. */
export function training({ data, tokenizer }: Ground, out: string, steps: number, ...more: string[]): string[] {
  const settings = [
    'imageSize=16', `images=${steps * batchSize}`, `batchSize=${batchSize}`, 'scales=[1,2,4]', 'threads=1', 'ema=[0.05,0.1]',
    'optimizer={learningRate: 0.002}', 'model={depth: 2, width: 16, heads: 2, positionSide: 4, pathDrop: 0.1}',
    `every={log: ${batchSize}, sample: 0, save: ${saveEvery * batchSize}, keep: ${20 * batchSize}, average: ${20 * batchSize}}`, ...more,
  ]; // prettier-ignore
  return ['train', '-d', data, '-t', tokenizer, '-o', out, ...settings.flatMap((one) => ['-s', one])];
}

/** The step of a run's newest whole checkpoint, 0 where there is none; a damaged one fails the test. */
export function stepSaved(run: string): number {
  const found = newestCheckpoint(join(run, 'checkpoints'), (line) => { expect.fail(line); }); // prettier-ignore
  return found?.clock.step ?? 0;
}

/** Hashes of all that a run's checkpoints and averages are made of, by path. */
export function contentsOf(run: string): Record<string, string> {
  const folders = ['checkpoints', 'ema'].filter((name) => existsSync(join(run, name)));
  const files = folders.flatMap((name) =>
    readdirSync(join(run, name), { recursive: true, withFileTypes: true }).filter((one) => one.isFile()),
  );
  const paths = files.map((one) => join(one.parentPath, one.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(run.length), sha256File(path)]));
}

/** Files and folders in a run that a killed process left half-written. */
export function leftovers(run: string): string[] {
  return readdirSync(run, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.part'));
}

/** Node's options that load a module of this folder first: what it patches holds for a command and its threads. */
export function patchedBy(name: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, name)).href}` };
}

/** Starts a command; its process, and how it ends. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let err = '';
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  return { child, ended: new Promise((done) => child.on('close', (code) => { done({ code, out: '', err }); })) };
} // prettier-ignore

/** Waits until a run has saved a step at or after `step`. */
export async function untilSaved(run: string, step: number): Promise<void> {
  while (stepSaved(run) < step) await sleep(20);
}

/** Waits until a command says something on its standard error. */
export function untilSaid(child: ChildProcess, what: RegExp): Promise<void> {
  return new Promise((done) => {
    child.stderr!.on('data', (text: Buffer) => {
      if (what.test(text.toString())) done();
    });
  });
}
