// The whole chain as a user runs it, at a tiny size: every command, interruption and resume bit for bit.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256File } from '../../src/util/files.js';
import {
  bin,
  type Ended,
  interrupted,
  metricsOf,
  scalewise,
  temporary,
  tinyData,
  tinyGenerator,
  tinySizes,
  tinyTokenizer,
} from './run.js';

const folder = temporary();
const at = (name: string) => join(folder, name);
let data: string;

const expectDone = ({ code, err }: Ended) => {
  expect(code, err).toBe(0);
};
const newest = (run: string) => join(run, 'checkpoints', readdirSync(join(run, 'checkpoints')).sort().at(-1)!);
const weightsOf = (run: string, kind: string) => sha256File(join(newest(run), `${kind}.safetensors`));

const tokenizer = (out: string, ...more: string[]) => [
  'tokenizer',
  'train',
  '-d',
  data,
  '-o',
  out,
  ...tinyTokenizer,
  ...more,
];
const train = (out: string, ...more: string[]) =>
  ['train', '-d', data, '-t', at('tokenizer'), '-o', out, ...tinyGenerator, ...tinySizes, ...more]; // prettier-ignore
const refine = (out: string, ...more: string[]) => [
  'refine',
  '-d',
  data,
  '-g',
  at('generator'),
  '-o',
  out,
  ...tinyGenerator,
  ...more,
];

beforeAll(async () => {
  data = await tinyData();
  expectDone(scalewise(tokenizer(at('tokenizer'))));
  expectDone(scalewise(train(at('generator'))));
});

describe('commands', () => {
  test('a run folder holds configuration, metrics, events, checkpoints', () => {
    const config = JSON.parse(readFileSync(join(at('generator'), 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ kind: 'train', images: 48, batchSize: 8, labelDrop: 0.1 });
    expect(config['precision']).not.toBe('auto');
    const lines = readFileSync(join(at('generator'), 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(6);
    expect(JSON.parse(lines[5]!)).toMatchObject({ step: 6, imagesSeen: 48 });
    expect(readdirSync(at('generator')).some((name) => name.startsWith('events.out.tfevents'))).toBe(true);
    expect(readdirSync(join(at('generator'), 'checkpoints'))).toHaveLength(2);
    expect(readdirSync(join(at('generator'), 'samples'))).toHaveLength(1);
  });

  test.each(['sar', 'teacher', 'student', 'alternate-steps', 'alternate-scales', 'hybrid', 'two-pass-ground-truth'])(
    'refine by %s',
    (forcing) => {
      expectDone(scalewise(refine(at(forcing), '-s', `forcing.forcing=${forcing}`, '-s', 'images=16')));
      expect(weightsOf(at(forcing), 'generator')).not.toBe(weightsOf(at('generator'), 'generator'));
    },
  );

  test('reconstruct, sample, evaluate', () => {
    const reconstructed = scalewise(['reconstruct', '-t', at('tokenizer'), '-d', data, '--scales', '1,2,4', '--grid', at('r.png')]); // prettier-ignore
    expectDone(reconstructed);
    expect(reconstructed.out).toMatch(/scale 4 × 4: PSNR \d+\.\d+ dB/);
    expectDone(
      scalewise(['sample', '--threads', '1', '-g', at('generator'), '--class', 'Light', '-n', '3', '-o', at('s.png')]),
    );
    expectDone(scalewise(['sample', '--threads', '1', '-g', at('generator'), '--strip', '-o', at('strip.png')]));
    for (const name of ['r.png', 's.png', 'strip.png']) expect(existsSync(at(name)), name).toBe(true);
    const judged = scalewise([
      'evaluate',
      '-g',
      at('generator'),
      '-n',
      '16',
      '--json',
      '--classifier',
      at('c.safetensors'),
    ]);
    expectDone(judged);
    const { models } = JSON.parse(judged.out) as { models: { images: number; figures: Record<string, number> }[] };
    expect(models[0]!.images).toBe(16);
    expect(models[0]!.figures['fcd']).toBeGreaterThan(0);
  });

  test('a tokenizer with a perceptual and an adversarial term, flips, and a cut in the middle', () => {
    const judged = scalewise(['evaluate', '--threads', '1', '-g', at('generator'), '-n', '8', '--classifier', at('perceptual.safetensors')]); // prettier-ignore
    expectDone(judged);
    const loss = `loss={perceptual: 0.1, classifier: ${at('perceptual.safetensors')}, adversarial: 0.1, adversarialStart: 16}`;
    const command = (out: string, images: number) =>
      tokenizer(out, '-s', loss, '-s', 'flip=true', '-s', 'optimizer.shape=constant', '-s', 'optimizer.warmup=0', '-s', `images=${images}`); // prettier-ignore
    expectDone(scalewise(command(at('adversarial'), 48)));
    expectDone(scalewise(command(at('adversarial-parts'), 24)));
    expectDone(scalewise(command(at('adversarial-parts'), 48)));
    const metrics = metricsOf(at('adversarial'));
    expect(metricsOf(at('adversarial-parts'))).toEqual(metrics);
    expect(metrics[0]).not.toHaveProperty('loss_discriminator');
    const last = metrics.at(-1)!;
    for (const name of ['loss_l1', 'loss_perceptual', 'loss_adversarial', 'loss_discriminator', 'usage_scale_4'])
      expect(last[name], name).toBeTypeOf('number');
    for (const part of ['tokenizer', 'discriminator', 'usage'])
      expect(weightsOf(at('adversarial-parts'), part), part).toBe(weightsOf(at('adversarial'), part));
  });

  test('--dry-run prints the settings and writes nothing', () => {
    const { code, out } = scalewise(train(at('dry'), '--dry-run', '-s', 'labelDrop=0.2'));
    expect([code, existsSync(at('dry'))]).toEqual([0, false]);
    expect(out).toMatch(/^labelDrop: 0.2$/m);
  });
});

test('--simulate-ranks deals a training out and trains nothing', () => {
  const { code, out } = scalewise(train(at('simulated'), '--simulate-ranks', '1,4'));
  expect([code, existsSync(at('simulated'))]).toEqual([0, false]);
  expect(out).toMatch(/^48 images of a set of 20, 8 a step: 6 steps, 2.50 an epoch$/m);
  expect(out).toMatch(/^4 ranks, each 1 × 2 images a step:\n  rank 0: 12 images/m);
});

describe('going on', () => {
  test.each([
    ['tokenizer', tokenizer, 'SIGINT', 130],
    ['generator', train, 'SIGTERM', 143],
  ] as const)('%s, stopped by a signal, ends with the same bits', async (kind, command, signal, code) => {
    const [whole, parts] = [at(`whole-${kind}`), at(`stopped-${kind}`)];
    const longer = ['-s', 'images=800'];
    expectDone(scalewise(command(whole, ...longer)));
    const stopped = await interrupted(command(parts, ...longer), /\d+\/800 images/, signal);
    expect(stopped.code, stopped.err).toBe(code);
    expect(stopped.err).toContain(`${signal}: saving after this step`);
    expect(existsSync(join(parts, 'checkpoints', 'step-00000100'))).toBe(false);
    expectDone(scalewise(command(parts, ...longer)));
    for (const part of [kind, 'optimizer']) expect(weightsOf(parts, part), part).toBe(weightsOf(whole, part));
  });

  test('a run cut in two equals a run in one piece', () => {
    const constant = ['-s', 'optimizer={learningRate: 0.002, shape: constant, warmup: 0}'];
    expectDone(scalewise(refine(at('whole'), ...constant)));
    expectDone(scalewise(refine(at('parts'), ...constant, '-s', 'images=24')));
    const second = scalewise(refine(at('parts'), ...constant));
    expectDone(second);
    expect(second.err).toMatch(/continuing from .*step-00000003 \(24 images seen\)/);
    for (const part of ['generator', 'optimizer'])
      expect(weightsOf(at('parts'), part)).toBe(weightsOf(at('whole'), part));
    expect(metricsOf(at('parts'))).toEqual(metricsOf(at('whole')));
  });

  test('a reader of the progress that goes away leaves the training alone', async () => {
    const out = at('unread');
    const child = spawn(process.execPath, [bin, ...train(out, '--set', 'every={log: 1, sample: 0, save: 24}')], { stdio: ['ignore', 'ignore', 'pipe'] }); // prettier-ignore
    child.stderr.once('data', () => child.stderr.destroy());
    expect(await new Promise((done) => child.once('close', done))).toBe(0);
    expect(metricsOf(out).at(-1)).toMatchObject({ imagesSeen: 48 });
  });

  test('a folder that another process trains in is refused', () => {
    const out = at('held');
    expectDone(scalewise(train(out)));
    const name = `events.out.tfevents.9999999999.${hostname()}.${process.pid}.0`;
    const events = openSync(join(out, name), 'w');
    const refused = scalewise(train(out));
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(`process ${process.pid} trains there already; wait for it`)]); // prettier-ignore
    closeSync(events);
    expectDone(scalewise(train(out)));
  });

  test('a damaged newest checkpoint is told of and the one before it is used', () => {
    expectDone(scalewise(train(at('damaged'))));
    const broken = join(newest(at('damaged')), 'generator.safetensors');
    truncateSync(broken, 1000);
    const again = scalewise(train(at('damaged')));
    expectDone(again);
    expect(again.err).toMatch(
      /damaged: generator\.safetensors should have \d+ bytes, has 1000; an older checkpoint is used/,
    );
    expect(weightsOf(at('damaged'), 'generator')).toBe(weightsOf(at('generator'), 'generator'));
  });

  test('a folder that holds another run is left alone', () => {
    const { code, err } = scalewise(train(at('generator'), '-s', 'labelDrop=0.3'));
    expect(code).toBe(2);
    expect(err).toMatch(/holds a run with other settings \(labelDrop\)/);
  });
});
