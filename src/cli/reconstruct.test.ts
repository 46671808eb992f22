// `scalewise reconstruct` with the weights that come with Scalewise, on a small folder of PNG files.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import { collectPrinted } from '../../test/cli/printed.js';
import { fillByFormula, visionRange } from '../../test/formulaWeights.js';
import { Classifier, ClipImageTower } from '../evaluate/index.js';
import { initialiseConvolutions } from '../models/index.js';
import { saveWeights } from '../nn/index.js';
import { Generator } from '../torch/index.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-reconstruct-'));
const at = (name: string) => join(root, name);
const tokenizer = join(import.meta.dirname, '..', '..', 'weights', 'fashion-mnist', 'tokenizer.safetensors');

beforeAll(async () => {
  for (const split of ['train', 'test'])
    for (const name of ['bars', 'spots']) {
      mkdirSync(join(root, 'data', split, name), { recursive: true });
      for (let i = 0; i < 3; i++) {
        const grey = (x: number, y: number) => (name === 'bars' ? (x + i) % 12 < 6 : (x - 16) ** 2 + (y - 16) ** 2 < 40 * (i + 2)); // prettier-ignore
        const pixels = Uint8Array.from({ length: 32 * 32 }, (_, at) => (grey(at % 32, Math.floor(at / 32)) ? 220 : 10));
        const image = sharp(pixels, { raw: { width: 32, height: 32, channels: 1 } });
        await image.png().toFile(join(root, 'data', split, name, `${i}.png`));
      }
    }
  using random = new Generator(1);
  const classifier = new Classifier(2);
  initialiseConvolutions(classifier, random);
  saveWeights(at('classifier.safetensors'), classifier.stateDict(), { kind: 'classifier', classes: '2' });
  classifier.dispose();
});

const { out, told } = collectPrinted({ progress: false });
const reconstruct = (...args: string[]) =>
  run(['node', 'scalewise', 'reconstruct', '--threads', '1', '-d', at('data'), ...args]);

test('the shipped tokenizer and its generator’s scales: figures, files, a picture', async () => {
  await reconstruct('--every-scale', '--features', at('classifier.safetensors'), '--files', at('files'), '--grid', at('grid.png')); // prettier-ignore
  expect([process.exitCode, told]).toEqual([0, []]);
  const figures = String.raw`PSNR \d+\.\d\d dB, SSIM 0\.\d{4}, \d+\.\d % of the codes used`;
  expect(out[0]).toMatch(/^scale 1 × 1: PSNR \d+\.\d\d dB, \d+\.\d % of the codes used$/);
  expect(out.at(-4)).toMatch(new RegExp(`^scale 8 × 8: ${figures}$`));
  expect(out.at(-3)).toMatch(/^rFCD \d+\.\d{3}, in the features of .*classifier\.safetensors$/);
  expect(out.slice(-2)).toEqual(['rFCD is no rFID: it compares only what was measured in the same features.', '6 images']); // prettier-ignore
  expect(readdirSync(at('files')).sort()).toEqual([0, 1, 2, 3, 4, 5].map((i) => `00000${i}.png`));
  const { width, height, format } = await sharp(readFileSync(at('files/000005.png'))).metadata();
  expect([width, height, format]).toEqual([32, 32, 'png']);
  expect((await sharp(readFileSync(at('grid.png'))).metadata()).width).toBeGreaterThan(6 * 64);
});

test('features of a published network’s kind, under their own name', async () => {
  const network = new ClipImageTower({ width: 768, heads: 12, layers: 1, hidden: 64, patch: 32, grid: 7, activation: 'quick_gelu', embedding: 16 }); // prettier-ignore
  fillByFormula(network.requireGrad(false), 0, visionRange);
  saveWeights(at('clip.safetensors'), network.stateDict());
  network.dispose();
  await reconstruct('-t', tokenizer, '--scales', '1,2,4,8', '-n', '3', '--features', at('clip.safetensors'));
  expect([process.exitCode, told]).toEqual([0, []]);
  expect(out.at(-3)).toMatch(/^rFD-CLIP \d+\.\d{3}, in the features of .*clip\.safetensors$/);
  expect(out.at(-2)).toMatch(/^rFD-CLIP is no rFID: /);
});

test('a tokenizer by itself, scales of the user’s, fewer images, JSON', async () => {
  await reconstruct('-t', tokenizer, '--scales', '1,2,4x6,8', '-n', '4', '-b', '3', '--json');
  const report = JSON.parse(out.join('')) as { images: number; size: number; scales: { scale: unknown; psnr?: number }[] }; // prettier-ignore
  expect(report).toMatchObject({ images: 4, size: 32, split: 'test' });
  expect(report.scales.map(({ scale }) => scale)).toEqual([1, 2, [4, 6], 8]);
  expect(report.scales.map(({ psnr }) => typeof psnr)).toEqual(['undefined', 'undefined', 'undefined', 'number']);
});

test('the published scales are stretched to another size', async () => {
  await reconstruct('-t', tokenizer, '--size', '64', '-n', '2', '--json');
  const { size, scales } = JSON.parse(out.join('')) as { size: number; scales: { scale: number }[] };
  expect([size, scales.at(-1)!.scale]).toEqual([64, 16]);
});

test.each<[string, string[], RegExp]>([
  ['features of a file that has none', ['--features', tokenizer], /expected the weights of a network for features \(Inception-v3 of 2015-12-05, .*\), found tokenizer/],
  ['scales of another size', ['--scales', '1,2,4x8'], /need scales that end at 4x4, got 1,2,4x8/],
  ['no images', ['-n', '0'], /--count: expected at least 1, got 0/],
  ['an unknown split', ['--split', 'all'], /Allowed choices are test, train/],
])('%s: refused in a sentence', async (_, args, sentence) => {
  const written = vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  await reconstruct(...args);
  expect(process.exitCode).toBe(2);
  expect(told.join('\n')).toMatch(sentence);
  written.mockRestore();
}); // prettier-ignore
