// Fetching without a network: a stand-in for npm on the PATH hands out a made-up package. What can go wrong on the way leaves the cache as it was.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { UsageError } from '../util/errors.js';
import { sha256File } from '../util/files.js';
import { cifar10 } from './cifar10.js';
import { fashionMnist } from './fashionMnist.js';
import { classCounts, imageCount, type ImageSet, pixelsOf } from './imageSet.js';
import { openData } from './open.js';
import { cacheState, getPackagedData, type PackagedData, readPackagedData } from './package.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-package-'));
const tarball = join(folder, 'made-up.tar.gz');
const entries = pack();
entries.entry({ name: 'package/pixels' }, Buffer.from([...Array(40).keys()]));
entries.entry({ name: 'package/unwanted' }, 'x');
entries.finalize();
writeFileSync(tarball, gzipSync(await buffer(entries)));

/** A set of images of 2 × 2 grey pixels from bytes. */
function tiny(split: 'train' | 'test', pixels: Uint8Array): ImageSet {
  const labels = Uint16Array.from({ length: pixels.length / 4 }, (_, i) => i % 2);
  return { name: 'made-up', split, height: 2, width: 2, channels: 1, classes: ['even', 'odd'], labels, pixels };
}

const madeUp: PackagedData = {
  name: 'made-up',
  source: 'made-up@1.0.0',
  sha256: sha256File(tarball),
  card: 'Made up.',
  wants: (path) => path.endsWith('pixels'),
  convert: (files) => {
    expect([...files.keys()]).toEqual(['package/pixels']);
    const pixels = new Uint8Array(files.get('package/pixels')!);
    return Promise.resolve({ train: tiny('train', pixels.subarray(0, 32)), test: tiny('test', pixels.subarray(32)) });
  },
};

/** Puts a program named npm first on the PATH. */
function standIn(script: string): void {
  const bin = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${bin}:/usr/bin:/bin`);
}

let cache = '';
const said: string[] = [];
const get = (data = madeUp) => getPackagedData(data, (line) => said.push(line));

/** What the cache and the folder for temporary files hold after a failure: nothing is expected. */
const leftovers = () => [
  ...(existsSync(join(cache, 'data')) ? readdirSync(join(cache, 'data')) : []),
  ...readdirSync(process.env['TMPDIR']!),
];

beforeEach(() => {
  said.length = 0;
  cache = mkdtempSync(join(folder, 'cache-'));
  vi.stubEnv('SCALEWISE_CACHE', cache);
  vi.stubEnv('TMPDIR', mkdtempSync(join(folder, 'tmp-')));
  standIn(`cp ${tarball} "$PWD/made-up-1.0.0.tgz"; echo made-up-1.0.0.tgz`);
});
afterAll(() => vi.unstubAllEnvs());

test('fetched, checked, converted, read back; the second time it is there', async () => {
  expect(() => readPackagedData(madeUp, 'train')).toThrow(/run `scalewise data get made-up`/);
  await get();
  expect(readPackagedData(madeUp, 'train')).toEqual(tiny('train', Uint8Array.from(Array(32).keys())));
  expect(readPackagedData(madeUp, 'test')).toEqual(
    tiny(
      'test',
      Uint8Array.from(Array(8).keys(), (i) => i + 32),
    ),
  );
  expect(readdirSync(process.env['TMPDIR']!)).toEqual([]);
  standIn('exit 1');
  await get();
  expect(said.at(-1)).toBe(`made-up is in ${cache}/data/made-up already`);
});

test('a packaged set keeps its size: another one is refused, and how to go on is said', async () => {
  await get({ ...madeUp, name: fashionMnist.name });
  expect(imageCount((await openData('fashion-mnist', 'train', 2)).set)).toBe(8);
  await expect(openData('fashion-mnist', 'train', 4)).rejects.toThrow(
    /^fashion-mnist: expected images of 4 pixels, found 2, .*train with imageSize=2, measure images of 2 pixels/,
  );
});

test('a tarball of another hash is not used', async () => {
  const sha256 = 'ab'.repeat(32);
  await expect(get({ ...madeUp, sha256 })).rejects.toThrow(
    new RegExp(`the tarball should have the SHA-256 ${sha256}, it has ${madeUp.sha256} and is not used`),
  );
  expect(leftovers()).toEqual([]);
});

test.each([
  [
    'offline',
    'echo "npm warn x" >&2; echo "npm error code ENOTFOUND" >&2; exit 1',
    /failed \(ENOTFOUND\); see that `npm ping`/,
  ],
  ['refused by an older npm', 'echo "npm ERR! code E403" >&2; exit 1', /failed \(E403\)/],
  ['npm itself broken', 'echo "cannot start" >&2; exit 127', /failed \(cannot start\)/],
  ['a dry run', 'echo made-up-1.0.0.tgz', /left no tarball; is npm set to a dry run\?/],
])('npm does not deliver: %s', async (_, script, message) => {
  standIn(script);
  await expect(get()).rejects.toThrow(UsageError);
  await expect(get()).rejects.toThrow(message);
  expect(leftovers()).toEqual([]);
});

test('no npm at all', async () => {
  vi.stubEnv('PATH', '/nowhere');
  await expect(get()).rejects.toThrow(/there is no npm on the PATH/);
});

test('a conversion that fails, before or while the cache is written, leaves nothing', async () => {
  await expect(get({ ...madeUp, convert: () => Promise.reject(new Error('half way')) })).rejects.toThrow('half way');
  expect(leftovers()).toEqual([]);
  const test = { ...tiny('test', new Uint8Array(8)), height: 3 }; // of which the writer takes notice after it has written train
  const convert = () => Promise.resolve({ train: tiny('train', new Uint8Array(8)), test });
  await expect(get({ ...madeUp, convert })).rejects.toThrow(/expected 12 bytes, got 8/);
  expect(leftovers()).toEqual([]);
});

test('a signal takes the temporary files away, and is passed on', async () => {
  standIn('sleep 1; exit 1');
  const failed = expect(get()).rejects.toThrow(/npm pack/);
  const passedOn = new Promise<NodeJS.Signals>((resolve) => process.once('SIGTERM', resolve));
  const [leave] = process.listeners('SIGTERM').filter((listener) => listener.name === 'leave');
  expect(readdirSync(process.env['TMPDIR']!)).toHaveLength(1);
  leave!('SIGTERM');
  expect(readdirSync(process.env['TMPDIR']!)).toEqual([]);
  expect(await passedOn).toBe('SIGTERM');
  await failed;
  expect(leftovers()).toEqual([]);
});

test('a cached set that was cut off says how to mend it, and is mended so', async () => {
  const path = await get();
  truncateSync(join(path, 'train.safetensors'), 100);
  expect(cacheState(madeUp)).toMatchObject({ folder: path, state: 'broken' });
  const message = `${path}: the cached data set is broken (cut off?); run \`scalewise data get made-up\`, which fetches it again`;
  for (const split of ['train', 'test'] as const)
    expect(() => readPackagedData(madeUp, split)).toThrow(new UsageError(message));
  await get();
  expect(said).toContain(`what is in ${path} is broken and will be replaced`);
  expect(imageCount(readPackagedData(madeUp, 'train'))).toBe(8);
  expect(readdirSync(join(cache, 'data'))).toEqual(['made-up']);
});

describe('places that cannot be written', () => {
  const mounted: string[] = [];
  /** A file system in memory; undefined where this machine does not let us mount one (not root, most containers). */
  function mount(options: string): string | undefined {
    const at = join(folder, `mount-${options.replace(/\W/g, '-')}`);
    mkdirSync(at);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], { stdio: 'pipe' });
    } catch {
      return undefined;
    }
    mounted.push(at);
    return at;
  }
  const small = mount('size=256k');
  const readOnly = mount('ro');
  afterAll(() => {
    for (const at of mounted) execFileSync('umount', [at]);
  });

  test('a file where the cache should be: told before anything is fetched', async () => {
    writeFileSync(join(cache, 'data'), '');
    await expect(get()).rejects.toThrow(/data\/made-up: .* \(the cache can be elsewhere: set SCALEWISE_CACHE\)/);
    expect(said).toEqual([]);
  });

  test.skipIf(small === undefined)('a disk that is full leaves nothing half-written', async () => {
    cache = small!;
    vi.stubEnv('SCALEWISE_CACHE', cache);
    const train = tiny('train', new Uint8Array(400_000));
    const convert = () => Promise.resolve({ train, test: train });
    await expect(get({ ...madeUp, convert })).rejects.toThrow(
      /the disk is full; free some space and run the same command again \(the cache can be elsewhere: set SCALEWISE_CACHE\)/,
    );
    expect(leftovers()).toEqual([]);
  });

  test.skipIf(readOnly === undefined)('a read-only cache: told before anything is fetched', async () => {
    vi.stubEnv('SCALEWISE_CACHE', readOnly);
    await expect(get()).rejects.toThrow(/the file system is read-only; choose another place/);
    expect(said).toEqual([]);
  });
});

describe('the conversions', () => {
  test('Fashion-MNIST: 1,000 of each class for testing, empty rows dropped, 28 × 28 in the middle of 32 × 32', async () => {
    const row = (i: number) => Array.from({ length: 784 }, (_, at) => (at < 2 ? i >> (8 * at) : 7) & 255);
    const files = new Map(
      Array.from({ length: 10 }, (_, label) => {
        const data = label ? [row(0), row(1)] : [[], ...Array.from({ length: 1003 }, (_, i) => row(i)), []];
        return [`package/src/clothes/${label}.json`, Buffer.from(JSON.stringify({ data }))];
      }),
    );
    expect([...files.keys()].every(fashionMnist.wants)).toBe(true);
    const { train, test } = await fashionMnist.convert(files);
    expect(classCounts(train)).toEqual([3, ...Array<number>(9).fill(0)]);
    expect(classCounts(test)).toEqual([1000, ...Array<number>(9).fill(2)]);
    const rowsOf = (set: ImageSet, count: number) =>
      Array.from({ length: count }, (_, i) => {
        const image = pixelsOf(set, i);
        expect(image.filter((value) => value !== 0).length).toBeGreaterThanOrEqual(782);
        expect([image[65], image[31 * 32 - 3 - 32], image[66 - 32]]).toEqual([0, 7, 0]);
        return image[66]! + 256 * image[67]!;
      });
    expect([...rowsOf(train, 3), ...rowsOf(test, 1000)].sort((a, b) => a - b)).toEqual([...Array(1003).keys()]);
  });

  test('CIFAR-10: a row of the PNG is an image, its three channels become planes', async () => {
    const value = (batch: number, image: number, at: number, channel: number) =>
      (batch * 50 + image * 20 + (at % 7) + 80 * channel) % 256;
    const batch = (number: number) => {
      const data = Buffer.alloc(2 * 1024 * 3);
      for (let i = 0; i < data.length; i++)
        data[i] = value(number, Math.floor(i / 3072), Math.floor(i / 3) % 1024, i % 3);
      return sharp(data, { raw: { width: 1024, height: 2, channels: 3 } })
        .png()
        .toBuffer();
    };
    const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.png`);
    const files = new Map<string, Buffer>();
    for (const [i, name] of [...names, 'test_batch.png'].entries()) files.set(`package/${name}`, await batch(i));
    files.set('package/train_lables.json', Buffer.from('[0,1,2,3,4,5,6,7,8,9]'));
    files.set('package/test_lables.json', Buffer.from('[9,8]'));
    const { train, test } = await cifar10.convert(files);
    expect([...train.labels, ...test.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 8]);
    for (const [set, i, number, image] of [
      [train, 0, 0, 0],
      [train, 7, 3, 1],
      [test, 1, 5, 1],
    ] as const)
      // prettier-ignore
      pixelsOf(set, i).forEach((pixel, at) => {
        if (pixel !== value(number, image, at % 1024, at >> 10)) expect.fail(`image ${i}, byte ${at}`);
      });
  });
});
