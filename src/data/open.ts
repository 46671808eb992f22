// The one door to data: a packaged data set by name, or a folder of images.
import { existsSync } from 'node:fs';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';
import { cifar10 } from './cifar10.js';
import { fashionMnist } from './fashionMnist.js';
import { type BrokenFile, type FolderLayout, layOut, type Split } from './folderLayout.js';
import { readImageFolder } from './imageFolder.js';
import type { ImageSet } from './imageSet.js';
import { type PackagedData, readPackagedData } from './package.js';

/** Data sets that can be fetched by name. */
export const packagedData: readonly PackagedData[] = [fashionMnist, cifar10];

/** The packaged data set of a name. */
export function findPackagedData(name: string): PackagedData {
  const found = packagedData.find((one) => one.name === name);
  if (found) return found;
  const names = packagedData.map((one) => one.name);
  throw new UsageError(
    `data: '${name}' is no folder, list, shard or Parquet file, nor one of ${names.join(', ')}${didYouMean(name, names)}`,
  );
}

/** Whether a name means a packaged data set: a folder that is named alike can be given as ./NAME. */
export function isPackaged(name: string): boolean {
  return packagedData.some((one) => one.name === name);
}

/** What a name or path means: the packaged data set of that name, else the folder. */
export function locateData(nameOrFolder: string): PackagedData | FolderLayout {
  return isPackaged(nameOrFolder) || !existsSync(nameOrFolder) ? findPackagedData(nameOrFolder) : layOut(nameOrFolder);
}

/** The sentence that tells of a held-out split, where there is one. */
export function heldOutNote({ folder, heldOut, splits }: FolderLayout): string | undefined {
  const count = splits.test?.files.length;
  return heldOut && count
    ? `${folder} has no folder test/ or val/: a tenth of each class (${count} of its files) is kept from training, for testing`
    : undefined;
}

/**
 * Opens a split of a data set. A folder may hold `train/` and `test/` (or `val/`). Else a tenth of each class is the test split and the rest the
 * training split, the same files every time, whatever the seed of the training; `say` is told so.
 * @param side side in pixels to which folders' images are resized; packaged sets have their own, and refuse another
 * @throws UsageError where the data is missing or broken, a class is empty, or the images would not fit in memory
 */
export async function openData(
  nameOrFolder: string,
  split: Split,
  side: number,
  say: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Promise<{ set: ImageSet; broken: BrokenFile[] }> {
  const located = locateData(nameOrFolder);
  if ('folder' in located) {
    const note = heldOutNote(located);
    if (note !== undefined) say(note);
    return readImageFolder(located, split, side);
  }
  const set = readPackagedData(located, split);
  if (set.height !== side)
    throw new UsageError(
      `${nameOrFolder}: expected images of ${side} pixels, found ${set.height}, which a packaged set keeps; train with imageSize=${set.height}, measure images of ${set.height} pixels, or give a folder of images, which are resized`,
    );
  return { set, broken: [] };
}
