// Folders as people have them: classes, splits, flat ones, links, strays, broken files; what is read, and what is refused with which words.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { expect, test, vi } from 'vitest';
import { UsageError } from '../util/errors.js';
import { layOut, type Split } from './folderLayout.js';
import { readImageFolder } from './imageFolder.js';
import { classCounts, imageCount, pixelsOf } from './imageSet.js';
import { openData } from './open.js';

// A folder of this name seems to hold 65,536 others: making them would take minutes on some disks.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const folders = Array.from({ length: 65_536 }, (_, i) => ({ name: `${i}`, isDirectory: () => true, isSymbolicLink: () => false })); // prettier-ignore
  const readdirSync = (path: string, options: never) =>
    path.endsWith('too many classes') ? folders : fs.readdirSync(path, options);
  return { ...fs, readdirSync };
});

async function png(grey: number): Promise<Buffer> {
  return sharp({ create: { width: 12, height: 8, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toBuffer();
}
const images = await Promise.all(Array.from({ length: 8 }, (_, i) => png(i * 10)));

/** A folder with files: a number is an image of ten times this grey, a text is no image. */
function folderOf(files: Record<string, number | string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-folder-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'number' ? images[content % images.length]! : content);
  }
  return folder;
}

const read = (folder: string, split: Split = 'train', side = 4) => readImageFolder(layOut(folder), split, side);

/** The message with which the folder is refused. */
async function refusal(folder: string, split: Split = 'train', side = 4): Promise<string> {
  const error: unknown = await (async () => read(folder, split, side))().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  return (error as Error).message.replace(folder, 'FOLDER');
}

const both = { 'train/cat/1.png': 1, 'train/dog/1.png': 2, 'val/cat/2.png': 3, 'val/dog/2.png': 4 };

test('a subfolder a class, in the order of their names; each image in its place', async () => {
  const folder = folderOf({
    'b/1.png': 3,
    'a/2.png': 2,
    'a/1.png': 1,
    'a/deep/er/3.png': 5,
    'C/1.png': 4,
    'C/2.png': 6,
  });
  const { splits, classes } = layOut(folder);
  expect(classes).toEqual(['C', 'a', 'b']);
  const { set } = await readImageFolder({ folder, classes, splits, heldOut: true }, 'train', 4);
  expect([set.height, set.width, set.channels, set.pixels.length]).toEqual([4, 4, 3, imageCount(set) * 48]);
  const greys: Record<string, number> = { 'b/1.png': 3, 'a/2.png': 2, 'a/1.png': 1, 'a/deep/er/3.png': 5, 'C/1.png': 4, 'C/2.png': 6 }; // prettier-ignore
  splits.train!.files.forEach(({ path, label }, i) => {
    const name = path.slice(folder.length + 1);
    expect(classes[label]).toBe(name.split('/')[0]);
    expect(set.labels[i]).toBe(label);
    expect(new Set(pixelsOf(set, i))).toEqual(new Set([greys[name]! * 10]));
  });
});

test('broken files, hidden files and strays: left out, and all but the hidden ones named', async () => {
  const folder = folderOf({
    ...{ 'train/cat/1.png': 1, 'train/cat/2.png': 'words', 'train/cat/3.png': 3, 'train/cat/notes.txt': 'words' },
    ...{
      'train/cat/.DS_Store': 'x',
      'train/._cat': 'x',
      'train/labels.csv': 'x',
      'train/dog/1.png': 2,
      'train/dog/2.png': '',
    },
    ...{ 'test/cat/1.png': 1, 'test/dog/1.png': 1, 'readme.md': 'beside the splits' },
  });
  const { set, broken, files } = await read(folder);
  expect(classCounts(set)).toEqual([2, 1]);
  expect(Array.from({ length: 3 }, (_, i) => pixelsOf(set, i)[0])).toEqual([10, 30, 20]);
  expect(Object.fromEntries(broken.map(({ path, reason }) => [path.slice(folder.length + 1), reason]))).toEqual({
    'train/labels.csv': 'it lies beside the folders of the classes, in none of them',
    'train/cat/2.png': expect.stringContaining('no image by its first bytes') as string,
    'train/cat/notes.txt': expect.stringContaining('no image by its first bytes') as string,
    'train/dog/2.png': 'the file is empty',
  });
  expect(files).toEqual(Array.from({ length: 3 }, () => ({ width: 12, height: 8, format: 'png', colour: 'RGB' })));
});

test('links count as what they lead to; circles, pipes and dead ends do no harm', async () => {
  const folder = folderOf({ 'train/a/1.png': 1, 'train/b/1.png': 2, 'test/a/1.png': 1, 'test/b/1.png': 1 });
  const elsewhere = folderOf({ 'x/7.png': 7 });
  symlinkSync(join(elsewhere, 'x'), join(folder, 'train/a/linked'));
  symlinkSync(join(folder, 'train'), join(folder, 'train/b/circle'));
  symlinkSync('gone.png', join(folder, 'train/b/dead.png'));
  symlinkSync('self.png', join(folder, 'train/b/self.png'));
  execFileSync('mkfifo', [join(folder, 'train/b/pipe.png')]);
  const { set, broken } = await read(folder);
  expect(set.classes).toEqual(['a', 'b']);
  expect(classCounts(set)[0]).toBe(2);
  expect(broken.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/no such file/),
    expect.stringMatching(/it is no file/),
    expect.stringMatching(/symbolic links/),
  ]);
});

test('train/ and test/ (or val/) are the splits; other folders beside a lone train/ make it a class', async () => {
  const folder = folderOf({ ...both, 'annotations/1.xml': 'x' });
  const { heldOut, splits } = layOut(folder);
  expect([heldOut, splits.train!.files.length, splits.test!.files.length]).toEqual([false, 2, 2]);
  expect(pixelsOf((await read(folder, 'test')).set, 1)[0]).toBe(40);
  expect(layOut(folderOf({ 'Train/a/1.png': 1, 'Test/a/1.png': 2, 'test.csv': 'x' })).heldOut).toBe(false);
  expect(layOut(folderOf({ 'train/1.png': 1, 'car/1.png': 2 })).classes).toEqual(['car', 'train']);
  const flat = folderOf({ 'train/1.png': 1, 'test/1.png': 2 });
  expect(layOut(flat).classes).toEqual([flat.split('/').at(-1)]);
});

test('a flat folder is one class; a tenth of each class is held out, the same whatever the order, nearly the same when images are added', async () => {
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i < 40 ? 'a' : 'b'}/${i}.png`, i]));
  const of = (folder: string, split: Split) =>
    layOut(folder).splits[split]!.files.map(({ path }) => path.slice(folder.length + 1));
  const folder = folderOf(files);
  const [train, held] = [of(folder, 'train'), of(folder, 'test')];
  expect(held.filter((name) => name.startsWith('a'))).toHaveLength(4);
  expect(held.filter((name) => name.startsWith('b'))).toHaveLength(2);
  expect([...train, ...held].sort()).toEqual(Object.keys(files).sort());
  expect(of(folderOf(Object.fromEntries(Object.entries(files).reverse())), 'test')).toEqual(held);
  const more = of(folderOf({ ...files, 'a/new.png': 1 }), 'test');
  expect(held.filter((name) => !more.includes(name)).length).toBeLessThanOrEqual(1);

  const flat = folderOf({ '1.png': 1, '2.png': 2, '3.png': 3 });
  const said: string[] = [];
  const { set } = await openData(flat, 'test', 4, (line) => said.push(line));
  expect([imageCount(set), set.split, set.classes.length]).toEqual([1, 'test', 1]);
  expect(said).toEqual([expect.stringMatching(/no folder test\/ or val\/: a tenth of each class \(1 of its files\)/)]);
  expect(imageCount((await openData(flat, 'train', 4, () => undefined)).set)).toBe(2);
});

test('a held-out split may lack a class, but not every image', async () => {
  const folder = folderOf({ 'a/1.png': 1, 'b/1.png': 2, 'b/2.png': 3 });
  expect(classCounts((await read(folder, 'test')).set)).toEqual([0, 1]);
  expect(await refusal(folderOf({ 'a/1.png': 1 }), 'test')).toMatch(/one image a class leaves none to hold out/);
  const cut = folderOf({ '1.png': 1, '2.png': 2 });
  writeFileSync(layOut(cut).splits.test!.files[0]!.path, 'words');
  expect(await refusal(cut, 'test')).toMatch(
    /FOLDER: the held-out tenth has no images: none of its files is a whole image/,
  );
});

test.each<[string, Record<string, number | string>, Split, RegExp]>([
  ['an empty folder', {}, 'train', /FOLDER: the folder is empty; expected images/],
  ['a class left empty by broken files', { 'a/1.png': 1, 'a/2.png': 1, 'b/1.png': 'x', 'b/2.png': 'x' }, 'train', /FOLDER: class 'b' has no images: none of its files is a whole image \(.*b\/[12].png: no image by/], // prettier-ignore
  ['an empty class', { 'a/1.png': 1, 'b/.DS_Store': 'x' }, 'train', /FOLDER: class 'b' has no images: it is empty; add images or remove the folder/], // prettier-ignore
  ['a flat folder of other files', { '1.txt': 'x', '2.txt': 'y' }, 'train', /none of its files is a whole image/],
  ['no train/', { 'test/a/1.png': 1 }, 'train', /FOLDER: there is test\/ but no train\//],
  ['a test class that training lacks', { ...both, 'val/dgo/1.png': 1 }, 'test', /val: class 'dgo' has no folder in the training split; did you mean 'dog'\?/], // prettier-ignore
  ['a training class that testing lacks', { ...both, 'train/cow/1.png': 1 }, 'train', /val: the training split's class 'cow' has no folder here/], // prettier-ignore
])('%s is refused', async (_, files, split, message) => {
  expect(await refusal(folderOf(files), split)).toMatch(message);
});

test('what is no folder, no size, or too much is refused', async () => {
  const folder = folderOf({ '1.png': 1, '2.png': 2 });
  await expect(openData(join(folder, '1.png'), 'train', 4)).rejects.toThrow(
    /1.png: expected a folder of images, found a file/,
  );
  await expect(openData('fashon-mnist', 'train', 4)).rejects.toThrow(
    new UsageError("data: 'fashon-mnist' is no folder, list, shard or Parquet file, nor one of fashion-mnist, cifar10; did you mean 'fashion-mnist'?"), // prettier-ignore
  );
  expect(await refusal(folder, 'train', 0)).toMatch(/images of 0 pixels; expected a whole number/);
  expect(await refusal(folder, 'train', 1_000_000)).toMatch(
    /1 images of 1000000 pixels need 2794.0 GiB of memory, more than/,
  );
});

test('more classes than labels can tell apart are refused', async () => {
  expect(await refusal(folderOf({ 'too many classes/1.png': 1 }) + '/too many classes')).toMatch(
    /expected at most 65535 classes \(subfolders\), found 65536/,
  );
});
