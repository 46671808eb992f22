// Images by their number: the same whoever asks, in whatever portions, and every image once an epoch.
import { expect, test } from 'vitest';
import { seedFor } from '../util/random.js';
import type { ImageSet } from './imageSet.js';
import type { Loader, LoaderOptions, Span } from './loader.js';
import { openLoader } from './openLoader.js';

const count = 48;
const side = 4;

/** Every pixel differs from its neighbours, and every image from the others. */
const set: ImageSet = {
  ...{ name: 'test', split: 'train', height: side, width: side, channels: 3, classes: ['a', 'b', 'c'] },
  labels: Uint16Array.from({ length: count }, (_, i) => i % 3),
  pixels: Uint8Array.from({ length: count * 3 * side * side }, (_, i) => seedFor('pixel', i) % 256),
};
const options: LoaderOptions = { side, seed: 7, flip: true, crop: false };

/** Every image of some spans by its number: index, label and pixels. */
async function imagesOf(loader: Loader, spans: readonly Span[]): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const [at, span] of spans.entries()) {
    const { image_B3HW, labels_B, indices } = await loader.next(span, spans.slice(at + 1, at + 3));
    expect(image_B3HW.shape).toEqual([span.size, 3, side, side]);
    const pixels = image_B3HW.toArray();
    const labels = [...labels_B.data()].map(Number);
    const size = 3 * side * side;
    indices.forEach((index, i) => {
      expect(found.has(span.first + i)).toBe(false);
      const values = pixels.slice(i * size, (i + 1) * size).map((value) => Math.round((value + 1) * 127.5));
      found.set(span.first + i, `${index}: ${labels[i]!}: ${values.join(' ')}`);
    });
    image_B3HW.dispose();
    labels_B.dispose();
  }
  return found;
}

/** What `ranks` processes ask for in two epochs, a global batch of 16 in `micro` portions. */
function spansOf(ranks: number, rank: number, micro: number): Span[] {
  const size = 16 / ranks / micro;
  const steps = Array.from({ length: (2 * count) / 16 }, (_, step) => step * 16 + (rank * 16) / ranks);
  return steps.flatMap((first) => Array.from({ length: micro }, (_, i) => ({ first: first + i * size, size })));
}

test('image number n is the same for any number of processes and portions; every image once an epoch', async () => {
  const loader = openLoader(set, options);
  const whole = await imagesOf(loader, [{ first: 0, size: 2 * count }]);
  const indexOf = (n: number) => Number(whole.get(n)!.split(':')[0]);
  for (const epoch of [0, 1])
    expect(new Set(Array.from({ length: count }, (_, i) => indexOf(epoch * count + i))).size).toBe(count);
  for (const [ranks, micro] of [
    [1, 4],
    [2, 1],
    [4, 2],
    [8, 1],
    [8, 2],
  ] as const) {
    // prettier-ignore
    const parts = await Promise.all(
      Array.from({ length: ranks }, (_, rank) => imagesOf(openLoader(set, options), spansOf(ranks, rank, micro))),
    );
    const union = new Map(parts.flatMap((part) => [...part]).sort(([a], [b]) => a - b));
    expect(union).toEqual(whole);
  }
  await loader.close();
});

test('half of the images are mirrored, where that is wanted', async () => {
  const plain = await imagesOf(openLoader(set, { ...options, flip: false }), [{ first: 0, size: count }]);
  const some = await imagesOf(openLoader(set, options), [{ first: 0, size: count }]);
  const mirrored = [...plain].filter(([n, image]) => some.get(n) !== image);
  expect(mirrored.length).toBeGreaterThan(count / 4);
  expect(mirrored.length).toBeLessThan((3 * count) / 4);
  const rowsOf = (image: string) => image.split(': ')[2]!.split(' ').map(Number);
  for (const [n, image] of mirrored) {
    const [before, after] = [rowsOf(image), rowsOf(some.get(n)!)];
    after.forEach((value, i) => {
      expect(value).toBe(before[i - (i % side) + side - 1 - (i % side)]);
    });
  }
});

test('images in memory cannot be cropped', () => {
  expect(() => openLoader(set, { ...options, crop: true })).toThrow(/test: images of 4 × 4 pixels .* set crop=false/);
});
