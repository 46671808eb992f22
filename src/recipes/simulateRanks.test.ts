// Ranks without ranks: what is told, and that the paper's run is dealt out evenly.
import { expect, test } from 'vitest';
import { batchIndices } from '../data/index.js';
import { UsageError } from '../util/errors.js';
import { refinePresets } from './presets.js';
import { refineSettings } from './settings.js';
import { ranksText, simulateRanks } from './simulateRanks.js';

const paper = refineSettings.parse({ ...refinePresets['sar-d16'], data: 'imagenet', generator: 'g', microBatch: 24 });
const small = { ...paper, images: 2000, batchSize: 48, microBatch: 6, seed: 3 };

test('a small training: shares, steps, rates, and the images of each rank', () => {
  const report = simulateRanks(small, 100, [1, 2, 8]);
  expect(report).toMatchObject({ count: 100, images: 2000, steps: 42, stepsAnEpoch: 100 / 48, walked: 42 * 48 });
  expect(report.worlds.map(({ ranks, microBatch, microBatches }) => [ranks, microBatch, microBatches])).toEqual([
    [1, 6, 8],
    [2, 6, 4],
    [8, 6, 1],
  ]);
  expect(report.worlds[2]!.shares.map(({ images }) => images)).toEqual(Array<number>(8).fill(42 * 6));
  expect(report.worlds[2]!.shares.flatMap(({ first }) => first)).toEqual(batchIndices(100, 3, 0, 48));
  const { learningRate, end } = paper.optimizer;
  expect(report.rates.map(({ step }) => step)).toEqual([0, 11, 21, 32, 41]);
  expect(report.rates[0]!.learningRate).toBe(learningRate);
  expect(report.rates.at(-1)!.learningRate).toBeCloseTo(learningRate * end, 12);
});

test('the paper’s run on 8 and 256 ranks, as text', () => {
  const lines = ranksText(simulateRanks({ ...paper, microBatch: 3, images: 128_117 }, 20_000, [8, 256]));
  expect(lines.slice(0, 2)).toEqual([
    '128,117 images of a set of 20,000, 768 a step: 167 steps, 26.04 an epoch',
    '  step 0: learning rate 0.0000460000, weight decay 0.05000',
  ]);
  const dealt = lines.findIndex((line) => line.startsWith('all steps'));
  expect(lines.slice(dealt, dealt + 3)).toEqual([
    'all steps were dealt out to 8, 256 ranks: the same images at each, whatever the number',
    'the order of the first 128,256 images was walked: each image once an epoch, of 6.41 epochs',
    '8 ranks, each 32 × 3 images a step:',
  ]);
  expect(lines).toContain('256 ranks, each 1 × 3 images a step:');
  expect(lines.at(-2)).toBe('  … 248 ranks more');
  expect(lines.at(-1)).toMatch(/^ {2}rank 255: 501 images, first \d+ \d+ \d+$/);
});

test('a batch that does not divide is refused', () => {
  expect(() => simulateRanks(small, 100, [2, 5])).toThrow(new UsageError('batchSize: expected a multiple of the 5 processes, got 48')); // prettier-ignore
});
