// Folders of the user's own images: a subfolder a class (ImageFolder's layout), or one folder of images of one class.
// Any format that libvips reads; 16-bit, grey, palette, CMYK, transparent and EXIF-rotated images become 8-bit RGB, upright, on white.
// Files that are not whole images are left out, counted and named.
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import type { ImageSet } from './imageSet.js';

/** A file that was left out, and why. */
export interface BrokenFile {
  path: string;
  reason: string;
}

/** The images of a folder at one size, and what could not be read. */
export interface FolderImages {
  set: ImageSet;
  broken: BrokenFile[];
}

const mostPixels = 64_000_000;
const atOnce = 8;

function listFiles(folder: string): string[] {
  return explainIo(folder, () => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(folder, entry.name))
    .sort();
}

function listClasses(folder: string): { name: string; files: string[] }[] {
  if (!explainIo(folder, () => statSync(folder)).isDirectory())
    throw new UsageError(`${folder}: expected a folder of images`);
  const subfolders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
  if (!subfolders.length) return [{ name: basename(folder), files: listFiles(folder) }];
  return subfolders.map((name) => ({ name, files: listFiles(join(folder, name)) }));
}

/** One image as [3, side, side] bytes: upright, the short side resized, the centre cropped. */
async function readImage(path: string, side: number): Promise<Uint8Array> {
  const { data } = await sharp(path, { failOn: 'error', limitInputPixels: mostPixels })
    .rotate()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .resize(side, side, { fit: 'cover', kernel: 'lanczos3' })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const planes = new Uint8Array(3 * side * side);
  const channels = data.length / (side * side);
  for (let at = 0; at < side * side; at++)
    for (let channel = 0; channel < 3; channel++)
      planes[channel * side * side + at] = data[at * channels + Math.min(channel, channels - 1)]!;
  return planes;
}

/** Reads a folder at `side` pixels; throws a UsageError where no image, or none of some class, can be read. */
export async function readImageFolder(
  folder: string,
  side: number,
  split: 'train' | 'test' = 'train',
): Promise<FolderImages> {
  const groups = listClasses(folder);
  const todo = groups.flatMap(({ files }, label) => files.map((path) => ({ path, label })));
  const read: ({ planes: Uint8Array; label: number } | undefined)[] = todo.map(() => undefined);
  const broken: BrokenFile[] = [];
  let next = 0;
  const work = async () => {
    for (let i = next++; i < todo.length; i = next++) {
      const { path, label } = todo[i]!;
      try {
        read[i] = { planes: await readImage(path, side), label };
      } catch (error) {
        broken.push({ path, reason: (error as Error).message.split('\n')[0]!.replace(`${path}: `, '') });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  broken.sort((a, b) => (a.path < b.path ? -1 : 1));
  const whole = read.filter((one) => one !== undefined);
  groups.forEach(({ name, files }, label) => {
    if (whole.some((one) => one.label === label)) return;
    const why = files.length
      ? `none of its ${files.length} files is a whole image (${broken.find((one) => files.includes(one.path))?.reason})`
      : 'it is empty';
    throw new UsageError(`${folder}: class '${name}' has no images: ${why}; add images or remove the folder`);
  });
  const size = 3 * side * side;
  const pixels = new Uint8Array(whole.length * size);
  whole.forEach(({ planes }, i) => {
    pixels.set(planes, i * size);
  });
  const labels = Uint16Array.from(whole, ({ label }) => label);
  const classes = groups.map(({ name }) => name);
  return { set: { name: folder, split, height: side, width: side, channels: 3, classes, labels, pixels }, broken };
}
