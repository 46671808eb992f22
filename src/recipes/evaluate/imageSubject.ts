// Images that lie in a folder of files, or in memory as a split of a data set.
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BrokenImage, imageCount, type ImageSet, pixelsOf, type ReadImage, readImage, type Span } from '../../data/index.js'; // prettier-ignore
import { keep, scope, type Tensor, tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { explainIo } from '../../util/files.js';
import { balancedBy, keptBeside } from './npzSubject.js';
import { batchesOf, type Subject, type SubjectBatch } from './subject.js';

const kinds = new Set(['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.avif']);

/** The image files below a folder, in an order that no locale changes. */
function imageFiles(folder: string): string[] {
  const names = explainIo(folder, () => readdirSync(folder, { recursive: true, encoding: 'utf8' }));
  return names.filter((name) => kinds.has(extname(name).toLowerCase())).sort((a, b) => (a < b ? -1 : 1));
}

async function readFile(path: string, size: readonly [number, number]): Promise<ReadImage> {
  try {
    return await readImage(path, size);
  } catch (error) {
    if (!(error instanceof BrokenImage)) throw error;
    throw new UsageError(`${path}: expected a whole image: ${error.message}; replace it or remove it`, {
      cause: error,
    });
  }
}

/** Hashes of a listing: of names and sizes in bytes, and of the times when the files were written. */
function listingOf(folder: string, names: readonly string[]): { listing: string; written: string } {
  const [listing, written] = [createHash('sha256'), createHash('sha256')];
  for (const name of names) {
    const { size, mtimeMs } = statSync(join(folder, name));
    listing.update(`${name}\0${size}\n`);
    written.update(`${name}\0${mtimeMs}\n`);
  }
  return { listing: listing.digest('hex'), written: written.digest('hex') };
}

/**
 * The images of a folder and the folders below it, by name.
 * @param side of the square that is cut out of the middle of each, the short side resized; without it images are taken as they are, and must be of
 * one size
 * @throws UsageError where there are none, or one is broken
 */
export async function folderSubject(folder: string, side?: readonly [number, number]): Promise<Subject> {
  const names = imageFiles(folder);
  if (!names.length) throw new UsageError(`${folder}: expected a folder of images (PNG, JPEG, WebP, …), found none in it`); // prettier-ignore
  const first = await readFile(join(folder, names[0]!), side ?? [1, 1]);
  const [height, width] = side ?? [first.height, first.width];
  const record = keptBeside(join(folder, 'samples.json'));
  const count = names.length;
  const files = { folder, names, height, width, exact: !side };
  const { listing, written } = listingOf(folder, names);
  return {
    name: folder,
    noun: record ? 'samples' : 'images',
    count,
    height,
    width,
    balanced: balancedBy(record, count),
    identity: {
      folder: true,
      listing,
      count,
      height,
      width,
      ...(record && { made: record }),
    },
    written,
    read: (parts, batchSize) => readFiles(files, parts, batchSize),
  };
}

interface Files {
  folder: string;
  names: readonly string[];
  height: number;
  width: number;
  /** Whether files of another size are refused. */
  exact: boolean;
}

async function* readFiles(files: Files, parts: readonly Span[], batchSize: number): AsyncGenerator<SubjectBatch> {
  const { folder, names, height, width, exact } = files;
  for (const { first, size } of parts.flatMap((part) => batchesOf(part, batchSize))) {
    const bytes = new Uint8Array(size * 3 * height * width);
    const one = async (i: number) => {
      const path = join(folder, names[first + i]!);
      const image = await readFile(path, [height, width]);
      if (exact && (image.height !== height || image.width !== width))
        throw new UsageError(`${path}: expected ${width}x${height} pixels as ${names[0]!} has, found ${image.width}x${image.height}; --size crops and resizes all`); // prettier-ignore
      bytes.set(image.pixels, i * 3 * height * width);
    };
    for (let i = 0; i < size; i += 8) await Promise.all(Array.from({ length: Math.min(8, size - i) }, (_, at) => one(i + at))); // prettier-ignore
    yield { first, bytes_B3HW: keep(tensor(bytes, { shape: [size, 3, height, width] })) };
  }
}

/** The images of a set that have some numbers, all of them by default, in that order. */
export function dataSubject(set: ImageSet, chosen?: readonly number[]): Subject {
  const { name, split, height, width, classes } = set;
  const numbers = chosen ?? Array.from({ length: imageCount(set) }, (_, i) => i);
  const labels = numbers.map((i) => set.labels[i]!);
  const shares = classes.map(() => 0);
  for (const label of labels) shares[label]!++;
  const pixels = createHash('sha256').update(set.pixels).update(JSON.stringify(numbers)).digest('hex');
  return {
    name: `${name} ${split}`,
    noun: 'images',
    count: numbers.length,
    height,
    width,
    labels,
    balanced: new Set(shares).size === 1,
    identity: { data: name, split, count: numbers.length, height, width, pixels },
    read: (parts, batchSize) => readSet(set, numbers, parts, batchSize),
  };
}

function bytesOf(set: ImageSet, numbers: readonly number[]): Tensor {
  const { channels, height, width } = set;
  const size = channels * height * width;
  const bytes = new Uint8Array(numbers.length * size);
  numbers.forEach((number, i) => {
    bytes.set(pixelsOf(set, number), i * size);
  });
  return scope(() => {
    const bytes_BCHW = tensor(bytes, { shape: [numbers.length, channels, height, width] });
    return keep(channels === 3 ? bytes_BCHW : bytes_BCHW.expand([numbers.length, 3, height, width]).contiguous());
  });
}

async function* readSet(
  set: ImageSet,
  numbers: readonly number[],
  parts: readonly Span[],
  batchSize: number,
): AsyncGenerator<SubjectBatch> {
  for (const { first, size } of parts.flatMap((part) => batchesOf(part, batchSize))) {
    await setImmediate();
    yield { first, bytes_B3HW: bytesOf(set, numbers.slice(first, first + size)) };
  }
}
