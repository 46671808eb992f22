// The command line as a user starts it, and a tiny data folder to work on.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/** The command line's door. */
export const bin = join(import.meta.dirname, '..', '..', 'bin', 'scalewise.mjs');

/** How a command ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command to its end. */
export function scalewise(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Ended {
  const { cwd, env } = options;
  const ended = spawnSync(process.execPath, [bin, ...args], { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

/** Runs a command to its end while this process goes on, and sends it a signal when its standard error matches. */
export function running(args: readonly string[], when?: RegExp, signal?: NodeJS.Signals): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err, sent] = ['', '', false];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
    if (!sent && when?.test(err)) sent = child.kill(signal);
  });
  return new Promise((done) => child.on('close', (code) => { done({ code, out, err }); })); // prettier-ignore
}

/** Runs a command and sends it a signal when its standard error matches. */
export const interrupted = (args: readonly string[], when: RegExp, signal: NodeJS.Signals): Promise<Ended> =>
  running(args, when, signal);

const ofSpeed = /^(images_per_second|data_wait|tflops_per_second|mfu|memory_peak)$/;

/** What a run recorded, without what no two runs have alike: speed and memory. */
export function metricsOf(run: string): Record<string, number>[] {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const entries = Object.entries(JSON.parse(line) as Record<string, number>);
    return Object.fromEntries(entries.filter(([name]) => !ofSpeed.test(name)));
  });
}

/** A temporary folder. */
export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'scalewise-cli-'));
}

/** A folder of two classes, `dark` and `light`, with train/ and test/: flat pictures of 16 pixels with a stripe. */
export async function tinyData(): Promise<string> {
  const folder = temporary();
  for (const split of ['train', 'test']) {
    for (const [name, level] of [
      ['dark', 40],
      ['light', 200],
    ] as const) {
      // prettier-ignore
      mkdirSync(join(folder, split, name), { recursive: true });
      for (let i = 0; i < 10; i++) {
        const pixels = Buffer.alloc(16 * 16 * 3, level + i);
        pixels.fill(255 - level, 48 * i, 48 * (i + 2));
        const image = sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } });
        await image.png().toFile(join(folder, split, name, `${i}.png`));
      }
    }
  }
  return folder;
}

/** Settings of a tokenizer of a few thousand parameters: latents of 4 × 4. */
export const tinyTokenizer = [
  'imageSize=16', 'images=48', 'batchSize=8', 'scales=[1,2,4]', 'reviveAfter=16',
  'model={channels: 8, multipliers: [1, 1, 2], resBlocks: 1, zChannels: 8, codeWidth: 4, vocabularySize: 16, normGroups: 4}',
  'optimizer={learningRate: 0.002, clip: 1}', 'every={log: 8, sample: 0, save: 24}',
  'threads=1',
].flatMap((one) => ['--set', one]); // prettier-ignore

/** Settings of a generator on it. */
export const tinyGenerator = [
  'imageSize=16', 'images=48', 'batchSize=8', 'scales=[1,2,4]', 'optimizer={learningRate: 0.002}',
  'every={log: 8, sample: 0, save: 24}',
  'threads=1',
].flatMap((one) => ['--set', one]); // prettier-ignore

/** Sizes of that generator. */
export const tinySizes = ['--set', 'model={depth: 2, width: 16, heads: 2, positionSide: 4, pathDrop: 0.1}'];
