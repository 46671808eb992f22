// Parquet files as PyArrow writes them for the Hugging Face hub: classes, labels, bytes; by row group and by page; damaged ones.
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { UsageError } from '../../util/errors.js';
import { readImage } from '../imageFile.js';
import { openParquet } from './parquetFile.js';
import { openParquetImages } from './parquetImages.js';
import { placeReader } from './readPlace.js';

/**
 * 10 and 6 rows for training and 2 for testing, in row groups of 4: grey PNGs of 12 × 8, ten times the row's number over all files, of the class
 * number modulo 3. Snappy without a page index, Zstandard with one, and uncompressed.
 */
const folder = fileURLToPath(new URL('../../../test/data', import.meta.url));

test('a folder of a split: classes out of the hub’s metadata, labels out of the column, every image in its place', async () => {
  const source = await openParquetImages(folder, 'train');
  expect(source.classes).toEqual(['cat', 'dog', 'owl']);
  expect([...source.labels]).toEqual(Array.from({ length: 16 }, (_, i) => i % 3));
  expect(source.nameOf(11)).toMatch(/train-00001-of-00002.parquet, row 1$/);
  const reader = placeReader();
  const order = [15, 0, 9, 10, 3, 4, 12, 5, 14, 1, 2, 6, 7, 8, 11, 13];
  for (const index of order) {
    const { pixels, width } = await readImage(await reader.read(source.placeOf(index)), 4);
    expect([width, new Set(pixels)]).toEqual([12, new Set([index * 10])]);
  }
  await reader.close();
  const test = await openParquetImages(folder, 'test');
  expect([...test.labels]).toEqual([2, 0]);
});

test('a pattern of files; one file', async () => {
  const pattern = join(folder, 'train-{00000..00001}-of-00002.parquet');
  expect((await openParquetImages(pattern, 'train')).labels.length).toBe(16);
  expect((await openParquetImages(join(folder, 'train-00001-of-00002.parquet'), 'train')).labels.length).toBe(6);
});

test('the second file is read by pages, the first by row groups', async () => {
  const [first, second] = await Promise.all([0, 1].map((i) => openParquet(join(folder, `train-0000${i}-of-00002.parquet`)))); // prettier-ignore
  const hasIndex = [first!, second!].map(({ metadata }) =>
    metadata.row_groups.every(({ columns }) => columns.every((column) => column.offset_index_offset !== undefined)),
  );
  expect(hasIndex).toEqual([false, true]);
  await Promise.all([first!.close(), second!.close()]);
});

test('what is damaged or no set of images is refused in a sentence', async () => {
  const place = mkdtempSync(join(tmpdir(), 'scalewise-parquet-'));
  const at = (name: string) => join(place, name);
  const whole = readFileSync(join(folder, 'train-00000-of-00002.parquet'));
  const refusal = (name: string) => openParquetImages(at(name), 'train').catch((error: unknown) => error);
  const expectRefusal = async (name: string, message: RegExp) => {
    const error = await refusal(name);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  };
  writeFileSync(at('cut.parquet'), whole.subarray(0, whole.length - 100));
  await expectRefusal('cut.parquet', /cut.parquet: no whole Parquet file \(.*\); fetch it again/);
  writeFileSync(at('empty.parquet'), '');
  await expectRefusal('empty.parquet', /empty.parquet: no whole Parquet file/);
  await expectRefusal('gone.parquet', /gone.parquet: no such file/);
  await expect(openParquetImages(place, 'test')).rejects.toThrow(/no \.parquet file of the test split/);
  copyFileSync(join(folder, 'validation-00000-of-00001.parquet'), at('validation.parquet'));
  await expect(openParquetImages(place, 'train')).rejects.toThrow(/no \.parquet file of the train split/);
  for (let i = 0; i < 60; i++) {
    const bytes = Buffer.from(whole);
    for (let k = 0; k < 3; k++) bytes[(i * 7919 + k * 104_729) % bytes.length]! ^= 1 << ((i + k) % 8);
    writeFileSync(at('flipped.parquet'), bytes);
    const outcome = await openParquetImages(at('flipped.parquet'), 'train').then(
      (source) => source.labels.length,
      (error: unknown) => error,
    );
    if (typeof outcome !== 'number') expect(outcome).toBeInstanceOf(UsageError);
  }
});
