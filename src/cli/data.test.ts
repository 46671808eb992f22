// `scalewise data …` from arguments to what is printed, and the contact sheet's pixels.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-data-'));
const folder = join(root, 'pets');
const colours = { cat: '#c02020', dog: '#2040c0' };
for (const [name, background] of Object.entries(colours)) {
  mkdirSync(join(folder, name), { recursive: true });
  for (let i = 0; i < 3; i++) {
    const image = sharp({ create: { width: 30 + 10 * i, height: 30, channels: 3, background } });
    await (i ? image.png() : image.jpeg()).toFile(join(folder, name, `${i}`));
  }
}
writeFileSync(join(folder, 'cat', 'notes.txt'), 'words');

const { out, told } = collectPrinted();
beforeEach(() => {
  vi.stubEnv('SCALEWISE_CACHE', join(root, 'cache'));
});
afterAll(() => vi.unstubAllEnvs());

/** Runs a command; answers its exit code and what it printed. */
async function scalewise(...args: string[]): Promise<{ code: unknown; out: string; told: string }> {
  out.length = 0;
  told.length = 0;
  process.exitCode = 0;
  await run(['node', 'scalewise', ...args]);
  return { code: process.exitCode, out: out.join('\n'), told: told.join('') };
}

test('data show: counts, sizes, kinds, classes, broken files, and a sheet with a row a class', async () => {
  const sheet = join(root, 'sheet.png');
  const shown = await scalewise('data', 'show', folder, '--size', '16', '--out', sheet);
  expect(shown.code).toBe(0);
  expect(shown.out.split('\n')).toEqual([
    `${folder}: 4 train and 2 test images read at 16 × 16; 2 classes`,
    `${folder} has no folder test/ or val/: a tenth of each class (2 of its files) is kept from training, for testing`,
    'sizes: 30 × 30 (2), 40 × 30 (2), 50 × 30 (2)',
    'kinds: png RGB (4), jpeg RGB (2)',
    '  class   train   test',
    '  cat         2      1',
    '  dog         2      1',
    'left out, 1 file:',
    `  ${join(folder, 'cat', 'notes.txt')}: no image by its first bytes (JPEG, PNG, WebP, GIF, TIFF and AVIF are read)`,
  ]);
  const { data, info } = await sharp(sheet).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  const left = info.width - 10 * 66; // ten cells of 64 pixels and their gaps
  for (const [row, [r, , b]] of [
    [0, [192, 32, 32]],
    [1, [32, 64, 192]],
  ] as const) {
    // prettier-ignore
    const [red, , blue] = at(left + 66 + 32, row * 66 + 34);
    expect([Math.abs(red! - r), Math.abs(blue! - b)].every((difference) => difference < 6)).toBe(true);
    expect(at(left + 2 * 66 + 32, row * 66 + 34)).toEqual([255, 255, 255]);
  }
});

test('data show --json: the same for machines', async () => {
  const sheet = join(root, 'other.png');
  const { out } = await scalewise('data', 'show', folder, '--split', 'train', '--out', sheet, '--json');
  expect(JSON.parse(out)).toEqual({
    name: folder,
    ...{ width: 64, height: 64, channels: 3, classes: ['cat', 'dog'] },
    splits: { train: { images: 4, perClass: [2, 2] } },
    sizes: expect.any(Object) as object,
    kinds: expect.any(Object) as object,
    broken: [{ path: join(folder, 'cat', 'notes.txt'), reason: expect.any(String) as string }],
    sheet,
  });
  expect(readFileSync(sheet).subarray(1, 4).toString()).toBe('PNG');
});

test('data list: what can be fetched, and what is there', async () => {
  expect((await scalewise('data', 'list')).out).toMatch(
    /Fashion-MNIST: .*\n {2}scalewise data get fashion-mnist .*\n {2}not fetched\n/,
  );
  mkdirSync(join(root, 'cache', 'data', 'cifar10'), { recursive: true });
  const { out } = await scalewise('data', 'list', '--json');
  expect((JSON.parse(out) as { name: string; state: string }[]).map(({ name, state }) => [name, state])).toEqual([
    ['fashion-mnist', 'absent'],
    ['cifar10', 'broken'],
  ]);
});

test.each([
  [
    'data show cifar',
    "error: data: 'cifar' is no folder, list, shard or Parquet file, nor one of fashion-mnist, cifar10; did you mean 'cifar10'?",
  ],
  ['data show fashion-mnist', 'error: fashion-mnist is not in the cache; run `scalewise data get fashion-mnist`'],
  ['data show fashion-mnist --size 64', 'error: --size: fashion-mnist has a size of its own; --size is for folders'],
  [`data show ${folder} --split all`, "error: --split: expected train or test, got 'all'"],
  [
    'data get fashion',
    "error: data: 'fashion' is no folder, list, shard or Parquet file, nor one of fashion-mnist, cifar10",
  ],
])('%s: one line, exit code 2', async (line, message) => {
  expect(await scalewise(...line.split(' '))).toEqual({ code: 2, out: '', told: message });
});
