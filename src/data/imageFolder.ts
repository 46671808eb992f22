// A split of a folder of the user's own images, read to memory at one size. Files that are not whole images are left out and named.
import { constants } from 'node:buffer';
import { totalmem } from 'node:os';
import { UsageError } from '../util/errors.js';
import { type Progress, progress } from '../util/progress.js';
import type { BrokenFile, FolderLayout, Split, SplitFiles } from './folderLayout.js';
import { BrokenImage, type FileFacts, readImage } from './imageFile.js';
import type { ImageSet } from './imageSet.js';

/** The images of a folder at one size, and what could not be read. */
export interface FolderImages {
  set: ImageSet;
  broken: BrokenFile[];
  /** What the file of each image held. */
  files: FileFacts[];
}

const atOnce = 8;
const slowFrom = 500; // files: more of them show their progress

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1)} GiB`;

/** The bytes of all images, where they may be held: in half of this machine's memory, and in one array. */
function memoryFor(what: string, count: number, side: number): number {
  if (!Number.isInteger(side) || side < 1)
    throw new UsageError(`${what}: images of ${side} pixels; expected a whole number of at least 1`);
  const bytes = count * 3 * side * side;
  const most = Math.min(constants.MAX_LENGTH, Math.min(totalmem(), process.constrainedMemory() || Infinity) / 2);
  if (bytes > most)
    throw new UsageError(
      `${what}: ${count} images of ${side} pixels need ${gibibytes(bytes)} of memory, more than the ${gibibytes(most)} that may be used here; choose a smaller size, or fewer images`,
    );
  return bytes;
}

/** Reads the files in turn, some at once, each to its place in `pixels`; a place whose file is broken stays empty. */
async function readAll(
  { files }: SplitFiles,
  side: number,
  pixels: Uint8Array,
  shown: Progress | undefined,
): Promise<(FileFacts | BrokenFile)[]> {
  const outcomes: (FileFacts | BrokenFile)[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let i = next++; i < files.length; i = next++) {
      const { path } = files[i]!;
      try {
        const { pixels: planes, ...facts } = await readImage(path, side);
        pixels.set(planes, i * planes.length);
        outcomes[i] = facts;
      } catch (error) {
        if (!(error instanceof BrokenImage)) throw error;
        outcomes[i] = { path, reason: error.message };
      }
      shown?.update(++done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return outcomes;
}

/** Every class needs an image, but for a held-out split, which only must not be empty. */
function refuseEmpty({ folder, classes, heldOut }: FolderLayout, set: ImageSet, broken: readonly BrokenFile[]): void {
  const present = new Set(set.labels);
  const lacking =
    set.split === 'test' && heldOut ? (present.size ? [] : ['']) : classes.filter((_, i) => !present.has(i));
  const [name] = lacking;
  if (name === undefined) return;
  const what = name ? `class '${name}'` : 'the held-out tenth';
  const example = broken[0] ? ` (${broken[0].path}: ${broken[0].reason})` : '';
  throw new UsageError(`${folder}: ${what} has no images: none of its files is a whole image${example}; replace them`);
}

/**
 * Reads one split of a folder at `side` × `side` pixels: the short side resized, the centre cut out.
 * @throws UsageError where there is no such split, no whole image of some class, or too little memory for all.
 */
export async function readImageFolder(layout: FolderLayout, split: Split, side: number): Promise<FolderImages> {
  const { folder, classes } = layout;
  const chosen = layout.splits[split];
  if (!chosen)
    throw new UsageError(
      split === 'train'
        ? `${folder}: there is test/ but no train/; add a folder train/`
        : `${folder}: one image a class leaves none to hold out for testing; add images, or folders train/ and test/`,
    );
  const count = chosen.files.length;
  const bytes = memoryFor(folder, count, side);
  const shown =
    count < slowFrom
      ? undefined
      : progress({ label: `${folder}, ${gibibytes(bytes)} at ${side} pixels`, total: count, unit: 'images' });
  const pixels = new Uint8Array(bytes);
  const outcomes = await readAll(chosen, side, pixels, shown).finally(() => shown?.stop());
  const files: FileFacts[] = [];
  const labels: number[] = [];
  const broken = [...chosen.strays];
  const size = 3 * side * side;
  outcomes.forEach((outcome, i) => {
    if ('reason' in outcome) {
      broken.push(outcome);
      return;
    }
    pixels.copyWithin(files.length * size, i * size, (i + 1) * size);
    files.push(outcome);
    labels.push(chosen.files[i]!.label);
  });
  const set: ImageSet = {
    name: folder,
    split,
    height: side,
    width: side,
    channels: 3,
    classes,
    labels: Uint16Array.from(labels),
    pixels: pixels.subarray(0, files.length * size),
  };
  refuseEmpty(layout, set, broken);
  return { set, broken, files };
}
