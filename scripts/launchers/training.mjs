// A training of a few thousand parameters on pictures of 16 pixels, long enough to kill one of its processes.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';
import { check, run, start } from './run.mjs';

const settings = (list) => list.flatMap((one) => ['--set', one]);
const common = [
  'imageSize=16',
  'batchSize=8',
  'scales=[1,2,4]',
  'optimizer={learningRate: 0.002}',
  'threads=1',
  'precision=float32',
];
const tokenizerSettings = settings([
  ...common,
  'images=16',
  'model={channels: 8, multipliers: [1, 1, 2], resBlocks: 1, zChannels: 8, codeWidth: 4, vocabularySize: 16, normGroups: 4}',
  'every={log: 8, sample: 0, save: 16}',
]);

const [images, interval] = [480, 80];
const generatorSettings = settings([
  ...common,
  `images=${images}`,
  'model={depth: 2, width: 16, heads: 2, positionSide: 4, pathDrop: 0.1}',
  `every={log: 8, sample: 0, save: ${interval}}`,
]);

/** Two classes of ten pictures. */
async function pictures(folder) {
  for (const [name, level] of [
    ['dark', 40],
    ['light', 200],
  ]) {
    const to = join(folder, 'train', name);
    mkdirSync(to, { recursive: true });
    for (let i = 0; i < 10; i++) {
      const pixels = Buffer.alloc(16 * 16 * 3, level + i);
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toFile(join(to, `${i}.png`));
    }
  }
}

/** Data and a tokenizer in a new folder, and the losses of a training by one process. */
async function prepare(scalewise, options) {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-launched-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [data, tokenizer] = [join(folder, 'data'), join(folder, 'tokenizer')];
  await pictures(data);
  const command = (out) => ['train', '-d', data, '-t', tokenizer, '-o', out, ...generatorSettings];
  for (const args of [
    ['tokenizer', 'train', '-d', data, '-o', tokenizer, ...tokenizerSettings],
    command(join(folder, 'alone')),
  ]) {
    const made = await run(scalewise, args, options);
    if (made.code !== 0) throw new Error(`${args[0]}: ${made.text}`);
  }
  return { folder, command, alone: lossesOf(join(folder, 'alone')) };
}

let prepared;

/** The process of a rank that trains into a folder. */
function workerOf(out, rank) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const is = (file, text) => readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').includes(text);
      if (is('cmdline', 'train') && is('cmdline', out) && is('environ', `RANK=${rank}`)) return Number(pid);
    } catch {
      // it has ended, or is another user's
    }
  }
  return undefined;
}

/** Kills rank 1 of a training once it has a checkpoint; false where it ended before. */
async function killOnce(out, ended) {
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    await wait(50);
    try {
      if (readdirSync(join(out, 'checkpoints')).length === 0) continue;
    } catch {
      continue; // not there yet
    }
    const pid = workerOf(out, 1);
    if (pid === undefined) continue;
    process.kill(pid, 'SIGKILL');
    return true;
  }
  return false;
}

/** The losses of a run by images seen, the last record of each. */
function lossesOf(out) {
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const records = lines.map((line) => JSON.parse(line)).filter(({ loss }) => loss !== undefined);
  return new Map(records.map(({ imagesSeen, loss }) => [imagesSeen, loss]));
}

/** The greatest difference between the losses of two runs; infinite where one has fewer. */
function difference(expected, found) {
  return Math.max(...Array.from(expected, ([at, loss]) => Math.abs(loss - (found.get(at) ?? Infinity))));
}

/**
 * Trains in two processes and kills rank 1 once: the launcher starts both again, they go on from the last checkpoint, and all losses are
 * those of one process.
 * @param launched from the command's arguments to the launcher's program and arguments
 */
export async function checkTraining(name, scalewise, launched, options) {
  prepared ??= prepare(scalewise, options);
  const { folder, command, alone } = await prepared;
  const out = join(folder, name.replaceAll(/\W+/g, '-'));
  const [program, ...args] = launched(command(out));
  const { ended } = start(program, args, options);
  const killed = await killOnce(out, ended);
  const outcome = await ended;
  const apart = outcome.code === 0 ? difference(alone, lossesOf(out)) : Infinity;
  const good = killed && apart <= 1e-5 && /continuing from/.test(outcome.text);
  check(
    `${name}: trains on after a rank is killed; losses as of one process (to ${apart.toExponential(1)})`,
    good,
    outcome,
  );
}
