// `scalewise evaluate` with the weights that come with Scalewise, on a small folder of PNG files and a classifier that has learnt nothing.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { classifierFile, modelFolder } from '../../test/cli/judged.js';
import { collectPrinted } from '../../test/cli/printed.js';
import { writeNpz } from '../formats/index.js';
import { seedFor } from '../util/random.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-evaluate-'));
const at = (name: string) => join(root, name);
const classes = Array.from({ length: 10 }, (_, i) => `class${i}`);

/** What all run folders' cards have. */
const card = { classes, data: at('data') };

const pixelsFor = (...seed: (string | number)[]) =>
  Uint8Array.from({ length: 32 * 32 * 3 }, (_, place) => seedFor(...seed, place >> 4) % 256);

beforeAll(async () => {
  for (const [split, name] of ['train', 'test'].flatMap((each) => classes.map((one) => [each, one] as const))) {
    mkdirSync(at(`data/${split}/${name}`), { recursive: true });
    for (let i = 0; i < 2; i++) {
      const image = sharp(pixelsFor(split, name, i), { raw: { width: 32, height: 32, channels: 3 } });
      await image.png().toFile(at(`data/${split}/${name}/${split}${i}.png`));
    }
  }
  modelFolder(at('before'), 'generator.safetensors', card);
  modelFolder(at('after'), 'generator-sar.safetensors', card);
  classifierFile(at('classifier.safetensors'), 1);
  classifierFile(at('other.safetensors'), 2);
  const images = Buffer.concat(Array.from({ length: 12 }, (_, i) => pixelsFor('npz', i)));
  await writeNpz(at('samples.npz'), new Map([['arr_0', { type: '|u1', shape: [12, 32, 32, 3], pieces: [images] }]]));
  cpSync(at('samples.npz'), at('copy.npz'));
  mkdirSync(at('more'));
  cpSync(at('samples.npz'), at('more/samples.npz'));
  await writeNpz(
    at('floats.npz'),
    new Map([['arr_0', { type: '<f4', shape: [2, 1, 1, 3], pieces: [new Uint8Array(24)] }]]),
  );
  await writeNpz(at('grey.npz'), new Map([['arr_0', { type: '|u1', shape: [2, 4, 4], pieces: [new Uint8Array(32)] }]]));
  await writeNpz(at('small.npz'), new Map([['arr_0', { type: '|u1', shape: [8, 16, 16, 3], pieces: [new Uint8Array(6144)] }]])); // prettier-ignore
  await writeNpz(at('halved.npz'), new Map([['sigma', { type: '<f8', shape: [1, 1], pieces: [new Uint8Array(8)] }]]));
}, 60_000);
afterAll(() => {
  rmSync(root, { recursive: true });
});

const { out, told } = collectPrinted();
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs the command; 20 samples of each generator. */
const evaluated = (...args: string[]) => {
  const count = args.some((one) => /(before|after)$/.test(one)) ? ['-n', '20'] : [];
  return run(['node', 'scalewise', 'evaluate', '--threads', '1', ...count, ...args]);
};
const sizes = ['-b', '5', '--part', '10', '--replicates', '10'];
const common = [...sizes, '--classifier', at('classifier.safetensors')];

interface Model {
  name: string;
  images: number;
  distance: string;
  figures: Record<string, number>;
  intervals: Record<string, { low: number; high: number }>;
  extrapolation?: { infinity: number };
}
interface Found {
  protocol: Record<string, unknown>;
  models: Model[];
  real?: Model;
  comparisons: { a: string; b: string; paired: boolean; figures: { key: string; sentence: string }[] }[];
  warnings: string[];
}
async function found(...args: string[]): Promise<Found> {
  out.length = 0;
  await evaluated(...common, '--json', ...args);
  expect([process.exitCode, told.filter((line) => line.startsWith('error'))]).toEqual([0, []]);
  return JSON.parse(out[0]!) as Found;
}

describe('generators', () => {
  test('one: a table, in brackets the noise, real images beside', async () => {
    await evaluated(...common, '-g', at('after'));
    const text = out.join('\n');
    expect(text).toMatch(/^against .*data test \(20 images\)$/m);
    expect(text).toMatch(/^FCD +\d+\.\d{3} \(-?\d+\.\d{3} to \d+\.\d{3}\) +\d/m);
    expect(text).toMatch(/real: .*data train/);
    expect(text).toContain('It is not FID.');
    expect(text).toMatch(/^class agreement +0\.\d{4}/m);
    expect(text).toMatch(/warning: .*20 images cannot fill 128 dimensions/);
    expect(text).not.toContain('FID-');
  });

  test('two: the same draws compared in pairs; kept features are gone on with, to the bit', async () => {
    const { models, comparisons, protocol } = await found(at('before'), at('after'), '--out', at('pair'));
    expect(models.map(({ name, images, distance }) => [name, images, distance])).toEqual([
      ['before', 20, 'FCD'],
      ['after', 20, 'FCD'],
    ]);
    expect(comparisons[0]).toMatchObject({ a: 'before', b: 'after', paired: true });
    expect(comparisons[0]!.figures.map(({ key }) => key)).toEqual(['fcd', 'precision', 'recall', 'density', 'coverage', 'kcd', 'agreement']); // prettier-ignore
    expect(comparisons[0]!.figures[0]!.sentence).toMatch(/^FCD .*\(before\) and .*\(after\): .*paired/);
    for (const { figures, intervals } of models) {
      expect(intervals['fcd']!.low).toBeLessThan(intervals['fcd']!.high);
      expect(figures['precision']).toBeGreaterThanOrEqual(0);
    }
    expect(protocol).toMatchObject({ batchSize: 5, partSize: 10, threads: [1], neighbourReferences: 20 });
    const parts = () => readdirSync(at('pair/models/after')).filter((name) => name.endsWith('.safetensors'));
    expect(parts()).toEqual(['part-000000.safetensors', 'part-000001.safetensors']);
    const kept = readFileSync(at('pair/models/after/part-000001.safetensors'));
    rmSync(at('pair/models/after/part-000001.safetensors'));
    truncateSync(at('pair/models/before/part-000000.safetensors'), 300);
    expect(await found(at('before'), at('after'), '--out', at('pair'))).toMatchObject({ models, comparisons });
    expect(readFileSync(at('pair/models/after/part-000001.safetensors'))).toEqual(kept);
    expect(JSON.parse(readFileSync(at('pair/result.json'), 'utf8'))).toMatchObject({ models });
    await evaluated(...common, at('after'), '--out', at('pair'), '--seed', '3');
    expect(told.at(-1)).toMatch(/^error: .*pair\/models\/after: it holds features of other settings \(images.seed\)/);
  });

  test('several processes find what one finds', async () => {
    const { models } = await found(at('after'), '--out', at('one'));
    vi.stubEnv('WORLD_SIZE', '2').stubEnv('LOCAL_RANK', '1').stubEnv('RANK', '1');
    vi.stubEnv('MASTER_ADDR', '127.0.0.1').stubEnv('MASTER_PORT', '29500');
    out.length = 0;
    await evaluated(...common, '--json', at('after'), '--out', at('two'));
    expect(out).toEqual([]);
    expect(readdirSync(at('two/models/after'))).toEqual(['features.json', 'part-000001.safetensors']);
    vi.stubEnv('LOCAL_RANK', '0').stubEnv('RANK', '0');
    cpSync(at('one/reference'), at('two/reference'), { recursive: true }); // the first process waits for what the second would write
    cpSync(at('one/real'), at('two/real'), { recursive: true });
    expect((await found(at('after'), '--out', at('two'))).models).toEqual(models);
    await evaluated(...common, at('after'));
    expect(told.at(-1)).toMatch(/^error: --out: expected a folder where the processes put their parts/);
  });
});

describe('without --out', () => {
  const temporary = at('temporary');
  beforeAll(() => {
    mkdirSync(temporary);
  });
  beforeEach(() => {
    vi.stubEnv('TMPDIR', temporary);
  });

  test('features are gone when figures are computed, during which a signal ends the program', async () => {
    const left: string[][] = [];
    const off = process.off.bind(process);
    vi.spyOn(process, 'off').mockImplementation((name, listener) => {
      if (name === 'SIGINT') left.push(readdirSync(temporary));
      return off(name, listener);
    });
    await found(at('after'));
    expect(left).toEqual([[], [], []]); // reference, real images, samples
  });

  test('a signal while they are computed leaves nothing behind', async () => {
    const on = process.on.bind(process);
    vi.spyOn(process, 'on').mockImplementation((name, listener) => {
      on(name, listener);
      if (name === 'SIGTERM') process.emit('SIGTERM', 'SIGTERM');
      return process;
    });
    await evaluated(...common, at('after'));
    expect(process.exitCode).toBe(143);
    expect(told.at(-1)).toMatch(/^SIGTERM: stopped after 5 of 20 images; with --out FOLDER it could have gone on from here/); // prettier-ignore
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('files and folders', () => {
  test('an .npz, a folder and a written reference', async () => {
    const file = await found(at('samples.npz'), '--reference', at('data/test'));
    expect(file.models[0]).toMatchObject({ name: 'samples.npz', images: 12 });
    expect(file.real).toBeUndefined();
    const network = [...sizes.slice(0, -2), '--classifier', at('classifier.safetensors')];
    await evaluated(...network, at('data/test'), '--write-reference', at('reference.npz'), '--reference-images', '15');
    expect(out.at(-1)).toMatch(/statistics of 20 images of .* and 15 of the images$/);
    const again = await found(at('samples.npz'), '--reference', at('reference.npz'));
    expect(again.models[0]!.figures['fcd']).toBeCloseTo(file.models[0]!.figures['fcd']!, 9);
    expect(again.protocol).toMatchObject({ neighbourReferences: 15, reference: { about: { images: 20 } } });
    const self = await found(at('data/test'), '--reference', at('data/test'));
    expect(self.models[0]!.figures).toMatchObject({ precision: 1, recall: 1 });
    expect(Math.abs(self.models[0]!.figures['fcd']!)).toBeLessThan(1e-6);
  });

  test('two files are drawn apart, and their noise is kept beside their features', async () => {
    const two = [at('samples.npz'), at('copy.npz'), '--reference', at('data/test'), '--out', at('files')];
    const first = await found(...two);
    const [{ paired, figures }] = first.comparisons as [Found['comparisons'][0]];
    expect(paired).toBe(false);
    expect(figures[0]!.sentence).toMatch(/the difference of 0\.0+ \(95 % interval -0*\.?\d.* unpaired\) .*: which is better cannot be told\.$/); // prettier-ignore
    expect(figures[0]!.sentence).not.toMatch(/interval -?0\.0+ to/); // as it were of equal draws
    const kept = readFileSync(at('files/models/copy.npz/noise.json'), 'utf8');
    expect(await found(...two)).toEqual(first);
    expect(readFileSync(at('files/models/copy.npz/noise.json'), 'utf8')).toBe(kept);
  });

  test.each<[RegExp, string[]]>([
    [/small\.npz: expected images of 32x32 pixels as reference.npz has, found 16x16/, ['small.npz', '--reference', 'reference.npz']], // prettier-ignore
    [/floats\.npz: expected 'arr_0' of bytes \(\|u1\), found <f4/, ['floats.npz', '--reference', 'data']],
    [/grey\.npz: expected 'arr_0' \[N, H, W, 3\], found \[2, 4, 4\]/, ['grey.npz', '--reference', 'data']],
    [/halved\.npz: expected statistics of a reference \(mu, sigma\), found sigma/, ['samples.npz', '--reference', 'halved.npz', '--inception', 'classifier.safetensors']], // prettier-ignore
    [/--reference: images need something to be compared with/, ['samples.npz']],
    [/reference\.npz: expected statistics of classifier's features .* found those of classifier/, ['samples.npz', '--reference', 'reference.npz', '--classifier', 'other.safetensors']], // prettier-ignore
    [/nowhere\.pth: expected the weights of Inception-v3, found no such file; fetch http/, ['samples.npz', '--reference', 'data', '--inception', 'nowhere.pth']], // prettier-ignore
    [/class0: expected more than 5 images, whose neighbours .* look at, found 2; take more/, ['samples.npz', '--reference', 'data/test/class0']], // prettier-ignore
    [/class0: expected more than 5 images, whose neighbours .* look at, found 2; take more/, ['data/test/class0', '--reference', 'samples.npz']], // prettier-ignore
    [/evaluate: .*more\/samples.npz is the same as .*samples.npz; leave one of them/, ['samples.npz', 'more/samples.npz', '--reference', 'data']], // prettier-ignore
    [/--write-reference: expected a name that ends in \.npz, by which --reference knows it, got .*wr/, ['samples.npz', '--write-reference', 'wr']], // prettier-ignore
    [/--size: it would do nothing, since no generator is among/, ['samples.npz', '--reference', 'samples.npz', '--size=32']], // prettier-ignore
    [/--count: it would do nothing, since no generator is among/, ['samples.npz', '--reference', 'data', '--count=7']],
    [/evaluate: expected each model once, found .*before twice/, ['before', 'before']],
    [/evaluate: there is no file or folder/, ['nothing']],
    [/--data: it would do nothing beside --reference, in the features of classifier/, ['samples.npz', '--reference', 'data', '--data=cifar10']], // prettier-ignore
    [/--top-k: it would do nothing, since no generator is among/, ['samples.npz', '--reference', 'data', '--top-k=5']],
    [/--reference-images: expected together with --write-reference/, ['before', '--reference-images=5']],
    [/--replicates: expected at least 2, or 0 for none, got 1/, ['before', '--replicates=1']],
  ])('%s', async (sentence, args) => {
    const network = args.includes('--inception') ? sizes : common;
    await evaluated(...network, ...args.map((one) => (one.startsWith('-') ? one : at(one))));
    expect(process.exitCode).toBe(2);
    expect(told.at(-1)).toMatch(sentence);
  });
});
