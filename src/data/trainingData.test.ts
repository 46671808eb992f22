// The door to training images: in memory or streamed, lists of files, and the class index that notices what changed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UsageError } from '../util/errors.js';
import { openLoader } from './openLoader.js';
import { classIndexPath } from './sources/classIndex.js';
import type { ImageSource } from './sources/source.js';
import { openTrainingData } from './trainingData.js';

let folder = '';
const at = (name: string) => join(folder, name);
const png = await sharp({ create: { width: 12, height: 8, channels: 3, background: '#405060' } })
  .png()
  .toBuffer();

function add(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(at(name), '..'), { recursive: true });
    writeFileSync(at(name), png);
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scalewise-training-'));
  vi.stubEnv('SCALEWISE_CACHE', at('cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const open = (name: string, crop: boolean, imageSize = 4) => openTrainingData(at(name), { imageSize, crop }, () => undefined); // prettier-ignore
const wnids = ['n01440764', 'n01443537', 'n02084071'];
const imagenet = wnids.flatMap((wnid) => [`set/train/${wnid}/${wnid}_1.JPEG`, `set/train/${wnid}/${wnid}_2.JPEG`, `set/val/${wnid}/1.JPEG`]); // prettier-ignore

async function refusal(body: () => Promise<unknown>): Promise<string> {
  const error: unknown = await body().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  return (error as Error).message.replaceAll(folder, 'FOLDER');
}

test('ImageNet’s layout: in memory where it is small and not cropped, else streamed; the same images', async () => {
  add(...imagenet, 'set/train/stray.txt');
  const memory = await open('set', false);
  const stream = await open('set', true);
  expect(['pixels' in memory.images, 'pixels' in stream.images]).toEqual([true, false]);
  for (const { images, broken } of [memory, stream]) {
    expect([images.classes, [...images.labels]]).toEqual([wnids, [0, 0, 1, 1, 2, 2]]);
    expect(broken).toHaveLength(1);
  }
  const options = { side: 4, seed: 1, flip: true, crop: false };
  const [one, two] = [openLoader(memory.images, options), openLoader(stream.images, options)];
  const span = { first: 3, size: 5 };
  const [a, b] = [await one.next(span), await two.next(span)];
  expect(a.indices).toEqual(b.indices);
  expect(a.labels_B.toArray()).toEqual(b.labels_B.toArray());
  expect(a.image_B3HW.toArray()).toEqual(b.image_B3HW.toArray());
  await two.close();
  expect('pixels' in (await open('set', false, 16_384)).images).toBe(false); // 5 GB
});

test('a list of paths and labels: FlexVAR’s train.txt, a table with a title line', async () => {
  add('train/a/1.JPEG', 'train/b 2/2.JPEG', 'train/b 2/3.JPEG');
  writeFileSync(at('train.txt'), 'a/1.JPEG 0\nb 2/2.JPEG 1\nb 2/3.JPEG 1\n');
  const { images } = await open('train.txt', true);
  expect([images.classes, [...images.labels]]).toEqual([['0', '1'], [0, 1, 1]]); // prettier-ignore
  expect((images as ImageSource).placeOf(1)).toEqual({ kind: 'file', path: at('train/b 2/2.JPEG') });
  writeFileSync(at('labels.csv'), 'file,label\r\n"train/a/1.JPEG",owl\r\ntrain/b 2/2.JPEG,cat\r\n');
  const table = await open('labels.csv', false);
  expect([table.images.classes, [...table.images.labels]]).toEqual([['cat', 'owl'], [1, 0]]); // prettier-ignore
});

test.each([
  ['gone.jpg 1\n', /train.txt: no file 'gone.jpg' beside the list, nor in train\/ there/],
  ['\n', /train.txt: expected lines of a path and a label, found none/],
  ['1.jpg 0\n2.jpg\n', /train.txt: '2.jpg' has no label, others have one/],
])('a list %j is refused', async (text, message) => {
  add('1.jpg');
  writeFileSync(at('train.txt'), text);
  expect(await refusal(() => open('train.txt', true))).toMatch(message);
});

test('a class more, one less, another name, another number of images: said, and mended by removing the index', async () => {
  add(...imagenet);
  await open('set', true);
  await open('set', false);
  const index = classIndexPath(at('set'), 'train').replace(folder, 'FOLDER');
  const mend = `; undo that, or remove ${index} if other labels and another order are meant`;
  add('set/train/n01500000/1.JPEG', 'set/val/n01500000/1.JPEG');
  const changed = "class 2 was 'n02084071', now it is 'n01500000' (3 classes then, 4 now)";
  for (const crop of [true, false])
    expect(await refusal(() => open('set', crop))).toBe(`FOLDER/set: the data changed since it was first used: ${changed}${mend}`); // prettier-ignore
  rmSync(at('set/train/n01500000'), { recursive: true });
  rmSync(at('set/val/n01500000'), { recursive: true });
  await open('set', true);
  add('set/train/n02084071/3.JPEG');
  expect(await refusal(() => open('set', true))).toContain('first used: 6 images then, 7 now; undo that');
  for (const part of ['train', 'val']) rmSync(at(`set/${part}/n02084071`), { recursive: true });
  expect(await refusal(() => open('set', true))).toContain('first used: 3 classes then, 2 now; undo that');
  rmSync(classIndexPath(at('set'), 'train'));
  expect((await open('set', true)).images.classes).toEqual(wnids.slice(0, 2));
  writeFileSync(classIndexPath(at('set'), 'train'), '{"data":');
  expect(await refusal(() => open('set', true))).toMatch(/the class index of FOLDER\/set is damaged; remove it/);
});

test('a name that means nothing, an address of nothing, an index that cannot be written', async () => {
  expect(await refusal(() => openTrainingData('fashon-mnist', { imageSize: 32, crop: true }))).toMatch(/did you mean 'fashion-mnist'/); // prettier-ignore
  expect(await refusal(() => openTrainingData('https://a.test/b.zip', { imageSize: 32, crop: true }))).toMatch(/expected the address of \.tar or \.parquet files/); // prettier-ignore
  add(...imagenet);
  writeFileSync(at('cache'), 'a file');
  expect(await refusal(() => open('set', true))).toMatch(/a file.* stands .*\(the cache can be elsewhere: set SCALEWISE_CACHE\)/); // prettier-ignore
});
