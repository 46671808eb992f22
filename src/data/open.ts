// The one door to data: a packaged data set by name, or a folder of images.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';
import { cifar10 } from './cifar10.js';
import { fashionMnist } from './fashionMnist.js';
import { type BrokenFile, readImageFolder } from './imageFolder.js';
import type { ImageSet } from './imageSet.js';
import { type PackagedData, readPackagedData } from './package.js';

/** Data sets that can be fetched by name. */
export const packagedData: readonly PackagedData[] = [fashionMnist, cifar10];

/** The packaged data set of a name. */
export function findPackagedData(name: string): PackagedData {
  const found = packagedData.find((one) => one.name === name);
  if (found) return found;
  const names = packagedData.map((one) => one.name);
  throw new UsageError(`data: '${name}' is neither a folder nor one of ${names.join(', ')}${didYouMean(name, names)}`);
}

/**
 * Opens a split of a data set. A folder may hold `train/` and `test/` (or `val/`); else all of it is the training split.
 * @param side side in pixels to which folders' images are resized; packaged sets have their own
 */
export async function openData(
  nameOrFolder: string,
  split: 'train' | 'test',
  side: number,
): Promise<{ set: ImageSet; broken: BrokenFile[] }> {
  if (!existsSync(nameOrFolder)) {
    const set = readPackagedData(findPackagedData(nameOrFolder), split);
    if (set.height !== side)
      throw new UsageError(
        `${nameOrFolder} has images of ${set.height} pixels, the settings ask for ${side}; set imageSize=${set.height}`,
      );
    return { set, broken: [] };
  }
  const candidates = split === 'train' ? ['train'] : ['test', 'val'];
  const found = candidates.map((name) => join(nameOrFolder, name)).find((folder) => existsSync(folder));
  if (!found && split === 'test')
    throw new UsageError(`${nameOrFolder}: there is no folder test/ or val/ to evaluate on`);
  return readImageFolder(found ?? nameOrFolder, side, split);
}
