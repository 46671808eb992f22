// Tokenizer and generator that an experiment trains first, for a few steps on made-up images.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ImageSet } from '../data/index.js';
import { findWeights } from '../recipes/index.js';
import { sha256File } from '../util/files.js';
import { baseGenerator, generatorAtHand } from './base.js';
import { type Ground, grounds, withBaseSeed } from './grounds.js';

const out = mkdtempSync(join(tmpdir(), 'scalewise-base-'));
afterAll(() => {
  rmSync(out, { recursive: true });
});

const count = 16;
const train: ImageSet = {
  name: 'stripes', split: 'train', height: 32, width: 32, channels: 1, classes: ['across', 'along'],
  labels: Uint16Array.from({ length: count }, (_, i) => i % 2),
  pixels: Uint8Array.from({ length: count * 32 * 32 }, (_, i) => (i * 37) % 251),
}; // prettier-ignore
const few = ['images=8', 'batchSize=4', 'every.sample=0', 'precision=float32'];
const usual = grounds['fashion-mnist']!;
const recipe = {
  ...usual.recipe!,
  tokenizerSet: [...few, 'model.channels=8'],
  generatorSet: [...few, 'model.depth=1'],
};
const ground: Ground = { ...usual, name: 'stripes', recipe };
const said: string[] = [];
const workplace = { out, device: 'cpu', threads: 1, say: (line: string) => said.push(line) };
const weightsOf = async (one: Ground) => {
  const { generator, end } = await baseGenerator(one, 'stripes', { train }, workplace);
  expect(end).toBe('done');
  return sha256File(findWeights(generator, 'generator'));
};

test('is trained once, and with another base seed anew in a folder of its own', { timeout: 240_000 }, async () => {
  expect(generatorAtHand(ground, out)).toBeUndefined();
  const own = await weightsOf(ground);
  const trainings = () => said.filter((line) => line.includes('training its tokenizer and generator first')).length;
  expect([await weightsOf(ground), trainings()]).toEqual([own, 1]);
  expect(await weightsOf(withBaseSeed(ground, 1))).not.toBe(own);
  expect(trainings()).toBe(2);
  expect(await weightsOf(withBaseSeed(ground, 0))).toBe(own); // the recipe's own seed
});
