// One WebDataset shard: a tar archive whose neighbouring files with one key (the name up to its first dot) are one sample, an image and its label.
// What lies where is kept in the cache and used as long as the shard's size and time are the same.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../util/errors.js';
import { writeFileAtomic } from '../../util/files.js';
import { cacheFolder, inCache } from '../cacheFolder.js';
import { type ByteFile, openByteFile } from './byteFile.js';
import { labelFrom, type RawLabel } from './labels.js';
import { mostBytes } from './source.js';
import { tarEntries, windowed } from './tarEntries.js';

/** An image in a shard. */
export interface Sample {
  key: string;
  offset: number;
  size: number;
  label: RawLabel;
}

const images = new Set(['jpg', 'jpeg', 'png', 'webp', 'gif', 'tif', 'tiff', 'avif']);
/** Fields of a sample's .json that hold a label, the first that is there. */
const labelFields = ['label', 'cls', 'class', 'class_name'];
const mostLabelBytes = 2 ** 20;

/** The key of a name, which goes to the first dot of its last part, and the extension, what comes after the last. */
function splitName(name: string): { key: string; extension: string } {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  if (dot < 0) return { key: name, extension: '' };
  return { key: name.slice(0, dot), extension: name.slice(name.lastIndexOf('.') + 1).toLowerCase() };
}

function labelInJson(where: string, text: string): RawLabel {
  try {
    const found = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    const value = labelFields.map((field) => found[field]).find((one) => one !== undefined && one !== null);
    return typeof value === 'number' ? value : typeof value === 'string' ? labelFrom(value) : undefined;
  } catch (error) {
    throw new UsageError(`${where}: expected a JSON object; correct or leave out the file`, { cause: error });
  }
}

/** Reads the headers of a shard, and its labels. */
async function scan(file: ByteFile): Promise<Sample[]> {
  const samples: Sample[] = [];
  const read = windowed(file);
  let key: string | undefined;
  let image: { offset: number; size: number } | undefined;
  let label: RawLabel;
  const finish = () => {
    if (image) samples.push({ key: key!, ...image, label });
    image = label = undefined;
  };
  for await (const { name, offset, size } of tarEntries(file, read)) {
    const { key: itsKey, extension } = splitName(name);
    if (itsKey !== key) finish();
    key = itsKey;
    const where = `${file.name}: '${name}'`;
    if (images.has(extension)) {
      if (image) throw new UsageError(`${where}: a second image of this key; give each image its own key`);
      if (size > mostBytes)
        throw new UsageError(`${where}: ${size} bytes, more than an image may have (${mostBytes}); leave it out`);
      image = { offset, size };
    } else if (extension === 'cls' || extension === 'json') {
      if (size > mostLabelBytes) throw new UsageError(`${where}: ${size} bytes are no label; leave it out`);
      const text = Buffer.from(await read(offset, size)).toString('utf8');
      if (extension === 'cls') label = labelFrom(text);
      else label ??= labelInJson(where, text);
    }
  }
  finish();
  return samples;
}

const stored = z.object({
  size: z.number(),
  version: z.string(),
  samples: z.array(z.tuple([z.string(), z.number(), z.number(), z.union([z.number(), z.string(), z.null()])])),
});

function readStored(path: string, file: ByteFile): Sample[] | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { size, version, samples } = stored.parse(JSON.parse(readFileSync(path, 'utf8')));
    if (size !== file.size || version !== file.version) return undefined;
    return samples.map(([key, offset, bytes, label]) => ({ key, offset, size: bytes, label: label ?? undefined }));
  } catch {
    return undefined; // damaged: it is made anew
  }
}

/**
 * The images of a shard, by its name or URL.
 * @throws UsageError where it cannot be read, is damaged or cut off, or has labels that are none.
 */
export async function readShard(name: string): Promise<Sample[]> {
  const file = await openByteFile(name);
  try {
    const sum = createHash('sha256').update(name).digest('hex').slice(0, 32);
    const path = join(cacheFolder(), 'shards', `${sum}.json`);
    const known = readStored(path, file);
    if (known) return known;
    const samples = await scan(file);
    const rows = samples.map(({ key, offset, size, label }) => [key, offset, size, label ?? null]);
    inCache(() => {
      writeFileAtomic(path, JSON.stringify({ size: file.size, version: file.version, samples: rows }));
    });
    return samples;
  } finally {
    await file.close();
  }
}
