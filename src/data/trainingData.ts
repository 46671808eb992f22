// The door to training images: what is small and needs no crops is read to memory, anything else is streamed.
import { UsageError } from '../util/errors.js';
import type { BrokenFile, FolderLayout, Split } from './folderLayout.js';
import { readImageFolder } from './imageFolder.js';
import { imageCount, type ImageSet } from './imageSet.js';
import { heldOutNote, isPackaged, locateData, openData } from './open.js';
import { checkClassIndex } from './sources/classIndex.js';
import { folderImages } from './sources/folderImages.js';
import { openSource } from './sources/open.js';
import type { ImageSource } from './sources/source.js';

/** What decides where the images lie. */
export interface TrainingDataSettings {
  /** Height and width in pixels. */
  imageSize: number;
  /** Random crops are cut out of the whole images, which are then read anew each time. */
  crop: boolean;
}

/** Images to train on; see `openLoader`. */
export interface TrainingData {
  images: ImageSet | ImageSource;
  /** Files that are left out; those of a streamed set show when they are met. */
  broken: BrokenFile[];
}

const mostInMemory = 2 ** 31; // bytes

type Say = (line: string) => void;
const toStderr: Say = (line) => void process.stderr.write(`${line}\n`);

function checked(source: ImageSource, split: Split): ImageSource {
  checkClassIndex(source.name, split, { images: source.labels.length, classes: source.classes });
  return source;
}

async function openFolder(
  layout: FolderLayout,
  split: Split,
  { imageSize, crop }: TrainingDataSettings,
  say: Say,
): Promise<TrainingData> {
  const note = heldOutNote(layout);
  if (note !== undefined) say(note);
  const source = checked(folderImages(layout, split), split);
  const strays = layout.splits[split]!.strays;
  if (crop || source.labels.length * 3 * imageSize ** 2 > mostInMemory) return { images: source, broken: strays };
  const { set, broken } = await readImageFolder(layout, split, imageSize);
  return { images: set, broken };
}

/**
 * Opens a data set to train on: a packaged one by name, a folder of images, a list of images, tar shards or Parquet files. But for packaged
 * sets, classes and number of images are held against what they were when the set was first used (the class index).
 * @throws UsageError where the data is missing, broken or was changed, or cannot be had at this size or with crops
 */
export async function openTrainingData(
  nameOrPath: string,
  settings: TrainingDataSettings,
  say: Say = toStderr,
  split: Split = 'train',
): Promise<TrainingData> {
  if (!isPackaged(nameOrPath)) {
    const source = await openSource(nameOrPath, split);
    if (source) return { images: checked(source, split), broken: [] };
    const layout = locateData(nameOrPath);
    if ('folder' in layout) return openFolder(layout, split, settings, say);
  }
  const { set, broken } = await openData(nameOrPath, split, settings.imageSize, say);
  if (settings.crop)
    throw new UsageError(
      `${nameOrPath}: its ${imageCount(set)} images are of ${set.height} pixels as they are, nothing is left to crop; set crop=false`,
    );
  return { images: set, broken };
}
