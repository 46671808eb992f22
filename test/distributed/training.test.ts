// Training on several processes: the same losses as on one, whoever computes which images; and going on after a kill, bit for bit.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256File } from '../../src/util/files.js';
import { metricsOf, scalewise, temporary, tinyData, tinyGenerator, tinySizes, tinyTokenizer } from '../cli/run.js';

const folder = temporary();
const at = (name: string) => join(folder, name);
let data: string;

function run(processes: number, args: readonly string[]): void {
  const launched = processes > 1 ? ['launch', '--nproc', String(processes), ...args] : args;
  const { code, err } = scalewise(launched);
  expect(code, err).toBe(0);
}

// in bfloat16, which CPUs that are fast in it take by themselves, a batch rounds otherwise than its parts
const set = (...settings: string[]) => ['precision=float32', ...settings].flatMap((one) => ['--set', one]);
const tokenizer = (out: string, ...more: string[]) =>
  ['tokenizer', 'train', '-d', data, '-o', out, ...tinyTokenizer, ...set('images=32', ...more)]; // prettier-ignore
const refine = (out: string, ...more: string[]) =>
  ['refine', '-d', data, '-g', at('generator'), '-o', out, ...tinyGenerator, ...set('images=32', ...more)]; // prettier-ignore

/** Every number that one run recorded is another's, to 1e-5. */
function expectSame(run: string, other: string): void {
  const [own, theirs] = [metricsOf(run), metricsOf(other)];
  expect(own).toHaveLength(theirs.length);
  own.forEach((numbers, i) => {
    for (const [name, value] of Object.entries(numbers)) {
      const expected = theirs[i]![name]!;
      expect(Math.abs(value - expected), `${name} in line ${i}`).toBeLessThanOrEqual(1e-5 * Math.max(1, expected));
    }
  });
}

beforeAll(async () => {
  data = await tinyData();
  run(1, tokenizer(at('tokenizer')));
  run(1, ['train', '-d', data, '-t', at('tokenizer'), '-o', at('generator'), ...tinyGenerator, ...tinySizes]);
});

describe('the same losses as on one process', () => {
  beforeAll(() => {
    run(1, refine(at('sar')));
  });
  test.each([
    ['2 processes', 2, []],
    ['4 processes', 4, []],
    ['micro-batches', 1, ['microBatch=2']],
    ['2 processes, micro-batches, blocks computed again', 2, ['microBatch=2', 'recompute=true']],
    ['flips and crops from images, 2 processes', 2, ['cacheLatents=false']],
  ])('SAR on %s', (name, processes, settings) => {
    run(processes, refine(at(name), ...settings));
    expectSame(at(name), at('sar'));
  });
  test('a tokenizer with an adversary, revived codes and none that backward reaches', () => {
    const adversary = ['loss={adversarial: 0.1, codebook: 0}', 'reviveAfter=8'];
    run(1, tokenizer(at('alone'), ...adversary));
    run(2, tokenizer(at('pair'), ...adversary));
    const names = ['loss', 'loss_l1', 'loss_commitment', 'loss_discriminator', 'revived', 'usage', 'usage_scale_2'];
    const numbers = (run: string) => metricsOf(run).map((line) => names.map((name) => line[name]!));
    numbers(at('pair')).forEach((line, i) => {
      line.forEach((value, k) => {
        expect(value, `${names[k]} in line ${i}`).toBeCloseTo(numbers(at('alone'))[i]![k]!, 4);
      });
    });
  });
});

describe('two processes', () => {
  test('a run cut in two equals a run in one piece, and only the first process writes', () => {
    const constant = ['optimizer={learningRate: 0.002, shape: constant, warmup: 0}', 'ema=[0.1]'];
    run(2, refine(at('whole'), ...constant));
    run(2, refine(at('parts'), ...constant, 'images=16'));
    run(2, refine(at('parts'), ...constant));
    expect(metricsOf(at('parts'))).toEqual(metricsOf(at('whole')));
    const newest = join('checkpoints', readdirSync(at('whole/checkpoints')).sort().at(-1)!);
    for (const part of ['generator', 'optimizer', 'ema'])
      expect(sha256File(at(`parts/${newest}/${part}.safetensors`)), part).toBe(
        sha256File(at(`whole/${newest}/${part}.safetensors`)),
      );
    expect(readdirSync(at('whole')).filter((name) => name.startsWith('events.out'))).toHaveLength(1);
  });
  test('a batch that does not divide is refused', () => {
    const { code, err } = scalewise(['launch', '--nproc', '2', ...refine(at('odd'), 'batchSize=7')]);
    expect(code).toBe(2);
    expect(err).toContain('batchSize: expected a multiple of the 2 processes, got 7');
  });
});
