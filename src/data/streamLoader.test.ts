// Images that are streamed: decoded on another thread, the same pixels however far ahead, and broken ones replaced by rule.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { chanceOf } from './chance.js';
import { layOut } from './folderLayout.js';
import { BrokenImage, readImage } from './imageFile.js';
import { type LoaderOptions, planSpan, type Span } from './loader.js';
import { openLoader } from './openLoader.js';
import { folderImages } from './sources/folderImages.js';
import { placeReader } from './sources/readPlace.js';
import type { ImageSource } from './sources/source.js';

const side = 16;
const options: LoaderOptions = { side, seed: 5, flip: true, crop: true };

/** A folder of two classes; the images of `broken` are texts. */
async function folderOf(perClass: number, broken: readonly number[] = []): Promise<ImageSource> {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-stream-'));
  for (const name of ['train/a', 'train/b', 'test/a', 'test/b']) mkdirSync(join(folder, name), { recursive: true });
  const noise = (seed: number) =>
    sharp(Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => Math.imul(i + 1, seed * 7919) >>> 8), { raw: { width: 40, height: 30, channels: 3 } }); // prettier-ignore
  for (let i = 0; i < 2 * perClass; i++) {
    const path = join(folder, 'train', i < perClass ? 'a' : 'b', `${String(i).padStart(3, '0')}.jpg`);
    writeFileSync(
      path,
      broken.includes(i)
        ? 'words'
        : await noise(i + 1)
            .jpeg()
            .toBuffer(),
    );
  }
  for (const name of ['a', 'b'])
    await noise(9)
      .png()
      .toFile(join(folder, 'test', name, '1.png'));
  return folderImages(layOut(folder), 'train');
}

/** Pixels, label and index of each image of some spans, by its number. */
async function imagesOf(source: ImageSource, spans: readonly Span[], ahead: number, more: Partial<LoaderOptions> = {}) {
  const said: string[] = [];
  const loader = openLoader(source, { ...options, say: (line) => said.push(line), ...more });
  const found = new Map<number, { index: number; label: number; pixels: number[] }>();
  try {
    for (const [at, span] of spans.entries()) {
      const { image_B3HW, labels_B, indices } = await loader.next(span, spans.slice(at + 1, at + 1 + ahead));
      expect([image_B3HW.shape, image_B3HW.dtype]).toEqual([[span.size, 3, side, side], 'float32']);
      const values = image_B3HW.toArray().map((value) => Math.round((value + 1) * 127.5));
      const labels = labels_B.toArray();
      indices.forEach((index, i) => {
        const pixels = values.slice(i * 3 * side * side, (i + 1) * 3 * side * side);
        found.set(span.first + i, { index, label: labels[i]!, pixels });
      });
    }
  } finally {
    await loader.close();
  }
  return { found, said };
}

const inPortions = (count: number, size: number): Span[] =>
  Array.from({ length: count / size }, (_, i) => ({ first: i * size, size }));

test('image number n has the pixels of its own crop and flip, whatever the portions, the prefetch and the number at a time', async () => {
  const source = await folderOf(6);
  const { found } = await imagesOf(source, [{ first: 0, size: 24 }], 0);
  expect(new Set([...found].slice(0, 12).map(([, { index }]) => index)).size).toBe(12);
  const expected = planSpan(12, { first: 0, size: 24 }, options).indices;
  for (const [n, { index, label, pixels }] of found) {
    expect(index).toBe(expected[n]);
    expect(label).toBe(index < 6 ? 0 : 1);
    const place = source.placeOf(index) as { path: string };
    const whole = await readImage(place.path, side, chanceOf(5, n));
    expect(pixels).toEqual([...whole.pixels]);
  }
  const ranks = [0, 1].flatMap((rank) => inPortions(24, 6).map(({ first }) => ({ first: first + rank * 3, size: 3 })));
  for (const [spans, ahead, workers] of [[inPortions(24, 4), 0, 1], [inPortions(24, 8), 2, 3], [inPortions(24, 2), 12, 8], [ranks, 1, 2]] as const) // prettier-ignore
    expect(new Map([...(await imagesOf(source, spans, ahead, { workers })).found].sort(([a], [b]) => a - b))).toEqual(found); // prettier-ignore
});

test('spans that were decoded ahead and are not asked for do no harm', async () => {
  const source = await folderOf(6);
  const loader = openLoader(source, options);
  const first = await loader.next({ first: 0, size: 4 }, [{ first: 4, size: 4 }, { first: 8, size: 4 }]); // prettier-ignore
  const far = await loader.next({ first: 20, size: 2 });
  expect(first.indices).toEqual(planSpan(12, { first: 0, size: 4 }, options).indices);
  expect(far.indices).toEqual(planSpan(12, { first: 20, size: 2 }, options).indices);
  await loader.close();
});

test('while the main thread is busy, the next images are decoded', async () => {
  const loader = openLoader(await folderOf(6), options);
  const spans = inPortions(24, 12);
  await loader.next(spans[0]!, spans.slice(1));
  const busy = performance.now() + 1500;
  while (performance.now() < busy); // nothing else runs on this thread
  const began = performance.now();
  await loader.next(spans[1]!);
  expect(performance.now() - began).toBeLessThan(400);
  await loader.close();
});

test('a broken image is named once, and the next one that reads stands in for it', async () => {
  const source = await folderOf(10, [3, 4, 19]);
  const spans = inPortions(40, 8);
  const { found, said } = await imagesOf(source, spans, 2);
  const standIn: Record<number, number> = { 3: 5, 4: 5, 19: 0 };
  const { indices } = planSpan(20, { first: 0, size: 40 }, options);
  expect([...found].sort(([a], [b]) => a - b).map(([, { index }]) => index)).toEqual(indices.map((index) => standIn[index] ?? index)); // prettier-ignore
  for (const { index, label } of found.values()) expect(label).toBe(index < 10 ? 0 : 1);
  expect(said.sort()).toEqual(
    ['003', '004', '019'].map((name) => expect.stringMatching(`/${name}.jpg: no image by its first bytes .* left out, the next image stands in for it$`) as string), // prettier-ignore
  );
});

test('more than ten broken images in a thousand end the training; so does a set of broken images alone', async () => {
  const many = await folderOf(10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  await expect(imagesOf(many, inPortions(20, 5), 1)).rejects.toThrow(
    /: 11 broken images among the first \d+, more than 1 % \(the last: .*: no image by its first bytes .*; replace or remove them/,
  );
  const none = await folderOf(2, [0, 1, 2, 3]);
  await expect(imagesOf(none, inPortions(4, 4), 0)).rejects.toThrow(UsageError);
  expect(() => openLoader(many, { ...options, side: 0 })).toThrow(/images of 0 pixels/);
});

test('a file that cannot be read is a broken image, not the end of the training', async () => {
  const reader = placeReader();
  for (const [path, why] of [
    ['/proc/self/mem', /cannot be read \(E\w+\)/],
    ['/nowhere.png', /no such file/],
  ] as const) {
    const read = reader.read({ kind: 'file', path });
    await expect(read).rejects.toThrow(BrokenImage);
    await expect(read).rejects.toThrow(why);
  }
  await reader.close();
});
