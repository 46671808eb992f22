// The choice of held-out images, and reading them.
import { describe, expect, test } from 'vitest';
import { sentenceOf } from '../../../test/sentence.js';
import { type ImageSet } from '../../data/index.js';
import { chooseImages, featuresOfAll, readChosen } from './heldOut.js';

const labels = Uint16Array.from({ length: 60 }, (_, i) => (i < 40 ? i % 2 : 2));

describe('choosing', () => {
  test('the classes in turn, no image twice, another seed other images', () => {
    const chosen = chooseImages(labels, 12, 5);
    expect(chosen.map((index) => labels[index])).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    expect(new Set(chosen).size).toBe(12);
    expect(chooseImages(labels, 12, 5)).toEqual(chosen);
    expect(chooseImages(labels, 12, 6)).not.toEqual(chosen);
    expect(chooseImages(labels, 6, 5)).toEqual(chosen.slice(0, 6));
  });
  test('all of them, and no more', () => {
    expect([...chooseImages(labels, 60, 0)].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(sentenceOf(() => chooseImages(labels, 61, 0))).toMatch(/--count: expected at most the 60 held-out images, got 61/); // prettier-ignore
  });
});

test('reading: the chosen pixels, in their order', async () => {
  const side = 4;
  const size = 3 * side * side;
  const pixels = Uint8Array.from({ length: 60 * size }, (_, i) => (7 * Math.floor(i / size) + (i % size)) % 256);
  const set: ImageSet = { name: 'made', split: 'test', height: side, width: side, channels: 3, classes: ['a', 'b', 'c'], labels, pixels }; // prettier-ignore
  const read = await readChosen(set, side, [41, 3]);
  expect([...read.labels]).toEqual([2, 1]);
  expect([...read.pixels]).toEqual([...pixels.slice(41 * size, 42 * size), ...pixels.slice(3 * size, 4 * size)]);
  const features_ND = await featuresOfAll(set, side, (image_B3HW) => image_B3HW.mean([2, 3]));
  expect(features_ND.shape).toEqual([60, 3]);
  const mean = [...pixels.slice(59 * size + 32, 60 * size)].reduce((sum, one) => sum + one / 127.5 - 1, 0) / 16;
  expect(features_ND.toArray().at(-1)).toBeCloseTo(mean, 5);
  features_ND.dispose();
});
