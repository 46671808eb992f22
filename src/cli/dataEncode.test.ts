// `scalewise data encode` with the tokenizer that comes with Scalewise, on a small folder of PNG files.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { openTrainingData } from '../data/index.js';
import { encodeLatents, quantiseLatents } from '../recipes/encoding.js';
import { loadTokenizer, openInOrder, settlePrecision, TokenStore } from '../recipes/index.js';
import { seedFor } from '../util/random.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-encode-'));
const photos = join(root, 'photos');
const out = join(root, 'tokens');
const tokenizer = join(import.meta.dirname, '..', '..', 'weights', 'fashion-mnist', 'tokenizer.safetensors');

beforeAll(async () => {
  vi.stubEnv('SCALEWISE_CACHE', join(root, 'cache'));
  for (const name of ['bars', 'spots']) {
    mkdirSync(join(photos, 'train', name), { recursive: true });
    for (let i = 0; i < 3; i++) {
      const noise = Uint8Array.from({ length: 40 * 36 * 3 }, (_, at) => seedFor(name, i, at >> 5) % 256);
      await sharp(noise, { raw: { width: 40, height: 36, channels: 3 } }).png().toFile(join(photos, 'train', name, `${i}.png`)); // prettier-ignore
    }
  }
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

const { out: printed, told } = collectPrinted();
const encode = (...args: string[]) =>
  run(['node', 'scalewise', 'data', 'encode', '-t', tokenizer, '--threads', '1', ...args]);

test('tokens of crops and their mirrored images: what is told, and what is stored', async () => {
  const flags = ['-d', photos, '--scales', '1,2,5', '--scales', '1,8', '--flip', '--crops', '2', '--seed', '3', '-b', '4', '-o', out]; // prettier-ignore
  await encode(...flags);
  expect([process.exitCode, printed]).toEqual([0, [`${out}: 4 images, 4 readings of 94 tokens each, 0.0 MiB in 1 file`]]); // prettier-ignore
  expect(readdirSync(out).sort()).toEqual(['manifest.json', 'tokens-00000.safetensors']);
  using store = new TokenStore(out);
  expect(store.settings).toMatchObject({ lists: [[1, 2, 5, 8]], crops: { count: 2, seed: 3 }, classes: ['bars', 'spots'], data: photos }); // prettier-ignore
  expect([...store.labels]).toEqual([0, 0, 1, 1]);
  const { images } = await openTrainingData(photos, { imageSize: 32, crop: true });
  const loader = openInOrder(images, { side: 32, crops: { count: 2, seed: 3 } });
  const { image_B3HW } = await loader.next({ first: 7, size: 1 }); // crop 1 of image 3
  await loader.close();
  const model = loadTokenizer(tokenizer);
  const latent_BChw = encodeLatents(model, image_B3HW.flip([3]), {
    device: 'cpu',
    precision: settlePrecision('auto', 'cpu'),
  });
  const [indices_BN] = quantiseLatents(model, latent_BChw, [8]);
  const stored = await store.read(3, 3);
  expect([...stored.subarray(30)]).toEqual(indices_BN!.toArray());
  expect(new Set(stored).size).toBeGreaterThan(5);
  await encode(...flags); // nothing is left to do
  expect(printed).toHaveLength(2);
});

test('a preset brings data, size, scales and flips; flags are over it', async () => {
  const place = join(root, 'preset');
  await encode('--preset', 'fashion-mnist', '-d', photos, '-o', place);
  expect(printed).toEqual([`${place}: 4 images, 1 reading of 103 tokens each, 0.0 MiB in 1 file`]);
});

test.each<[string, string[], RegExp]>([
  ['no scales', ['-d', photos], /--scales: give the sides of the scales/],
  ['no data', ['--scales', '1,8'], /--data: give a packaged data set or a folder/],
  ['oblong scales', ['-d', photos, '--scales', '1,4x8'], /--scales: expected sides of squares/],
  ['an unknown preset', ['--preset', 'fashion-mnits'], /--preset: expected one of .*did you mean 'fashion-mnist'/],
  ['scales beyond the image', ['-d', photos, '--scales', '1,8', '--size', '16'], /sides up to 4 for images of 16 pixels, got 1,8/],
  ['tokens of other settings', ['-d', photos, '--scales', '1,8', '-o', out], /tokens: it holds tokens of other settings \(lists, flip, crops\)/],
])('%s: refused in a sentence', async (_, args, sentence) => {
  await encode(...args, ...(args.includes('-o') ? [] : ['-o', join(root, 'refused')]));
  expect(process.exitCode).toBe(2);
  expect(told.join('\n')).toMatch(sentence);
}); // prettier-ignore
