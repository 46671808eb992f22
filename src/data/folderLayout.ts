// How a folder of images is laid out: which files belong to which class of which split. Names only; no file is opened.
// Classes are subfolders (ImageFolder's layout; folders inside a class belong to it), or a flat folder is one class. Either may lie in train/ and test/.
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import { seedFor } from '../util/random.js';
import { didYouMean } from '../util/suggest.js';

/** The two parts of a data set. */
export type Split = 'train' | 'test';

/** A file that is left out, and why. */
export interface BrokenFile {
  path: string;
  reason: string;
}

/** A file and the index of its class. */
export interface LabelledFile {
  path: string;
  label: number;
}

/** The files of one split. */
export interface SplitFiles {
  files: LabelledFile[];
  /** Files that belong to no class. */
  strays: BrokenFile[];
}

/** What a folder holds. */
export interface FolderLayout {
  folder: string;
  classes: string[];
  /** A folder with test/ alone has no training images; one image a class leaves none for testing. */
  splits: Partial<Record<Split, SplitFiles>>;
  /** Whether the test images were taken out of the training images, for want of a folder of their own. */
  heldOut: boolean;
}

const splitNames: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  test: ['test', 'val', 'valid', 'validation'],
};
/** Labels are 16-bit. */
const mostClasses = 65_535;

/** What lies in a folder, in an order that no locale changes: links count as what they point to, hidden names do not count. */
function entriesOf(folder: string): { folders: string[]; files: string[] } {
  const folders: string[] = [];
  const files: string[] = [];
  const entries = explainIo(folder, () => readdirSync(folder, { withFileTypes: true }));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const isFolder = entry.isSymbolicLink() ? pointsToFolder(path) : entry.isDirectory();
    (isFolder ? folders : files).push(path);
  }
  return { folders, files };
}

function pointsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    return false; // it leads nowhere: reading it will say so
  }
}

/** All files in a folder and the folders below; a link back to one of the folders `above` is not followed. */
function filesBelow(folder: string, above: readonly string[] = []): string[] {
  const real = explainIo(folder, () => realpathSync(folder));
  if (above.includes(real)) return [];
  const { folders, files } = entriesOf(folder);
  return [...files, ...folders.flatMap((inner) => filesBelow(inner, [...above, real]))];
}

interface Classes {
  /** Files by class. */
  groups: [name: string, files: string[]][];
  strays: BrokenFile[];
}

/** The classes of a folder without splits; a flat folder is the one class `flatName`. */
function classesIn(folder: string, flatName: string): Classes {
  const { folders, files } = entriesOf(folder);
  if (!folders.length && !files.length)
    throw new UsageError(`${folder}: the folder is empty; expected images, or a subfolder of images a class`);
  if (!folders.length) return { groups: [[flatName, files]], strays: [] };
  if (folders.length > mostClasses)
    throw new UsageError(`${folder}: expected at most ${mostClasses} classes (subfolders), found ${folders.length}`);
  const groups = folders.map((inner): [string, string[]] => [basename(inner), filesBelow(inner)]);
  const empty = groups.find(([, files]) => !files.length);
  if (empty)
    throw new UsageError(`${folder}: class '${empty[0]}' has no images: it is empty; add images or remove the folder`);
  const reason = 'it lies beside the folders of the classes, in none of them';
  return { groups, strays: files.map((path) => ({ path, reason })) };
}

/** The folders of the splits. Where other folders lie beside a lone `train`, that is a class of this name. */
function splitFolders(folder: string): Partial<Record<Split, string>> {
  const { folders } = entriesOf(folder);
  const find = (split: Split) =>
    splitNames[split]
      .map((name) => folders.find((inner) => basename(inner).toLowerCase() === name))
      .find((inner) => inner !== undefined);
  const [train, test] = [find('train'), find('test')];
  const all = Object.values(splitNames).flat();
  const nothingElse = folders.every((inner) => all.includes(basename(inner).toLowerCase()));
  return nothingElse || (train !== undefined && test !== undefined) ? { train, test } : {};
}

function label({ groups, strays }: Classes): SplitFiles {
  return { files: groups.flatMap(([, files], label) => files.map((path) => ({ path, label }))), strays };
}

/** Labels are places in the list of classes, so both splits must have the same list. */
function refuseOtherClasses(folder: string, train: Classes, test: Classes): void {
  const [known, found] = [train, test].map(({ groups }) => groups.map(([name]) => name)) as [string[], string[]];
  const extra = found.find((name) => !known.includes(name));
  if (extra !== undefined)
    throw new UsageError(`${folder}: class '${extra}' has no folder in the training split${didYouMean(extra, known)}`);
  const missing = known.find((name) => !found.includes(name));
  if (missing !== undefined)
    throw new UsageError(`${folder}: the training split's class '${missing}' has no folder here; add it`);
}

/** A tenth of the files, one of two to fourteen: those whose names hash lowest, which hardly change when files are added. */
function tenthOf(folder: string, files: readonly string[]): string[] {
  const hashes = new Map(files.map((path) => [path, seedFor('held out', relative(folder, path))]));
  const inOrder = [...files].sort((a, b) => hashes.get(a)! - hashes.get(b)!);
  return inOrder.slice(0, files.length > 1 ? Math.max(1, Math.round(files.length / 10)) : 0);
}

/** Takes a tenth of each class out of the training files. */
function holdOut(folder: string, classes: Classes): FolderLayout['splits'] {
  const { files, strays } = label(classes);
  const chosen = new Set(classes.groups.flatMap(([, group]) => tenthOf(folder, group)));
  const train = { files: files.filter(({ path }) => !chosen.has(path)), strays };
  const test = { files: files.filter(({ path }) => chosen.has(path)), strays: [] };
  return test.files.length ? { train, test } : { train };
}

/**
 * Finds the classes and splits of a folder. Without a folder test/ (or val/) a tenth of each class is held out of training, always the same.
 * @throws UsageError for a file, an empty folder, an empty class, splits of unlike classes, or more classes than labels can tell apart.
 */
export function layOut(folder: string): FolderLayout {
  if (!explainIo(folder, () => statSync(folder)).isDirectory())
    throw new UsageError(`${folder}: expected a folder of images, found a file`);
  const flatName = basename(resolve(folder));
  const found = splitFolders(folder);
  if (found.test === undefined) {
    const from = found.train ?? folder;
    const train = classesIn(from, flatName);
    const splits = holdOut(from, train);
    return { folder, classes: train.groups.map(([name]) => name), splits, heldOut: true };
  }
  const test = classesIn(found.test, flatName);
  const train = found.train === undefined ? undefined : classesIn(found.train, flatName);
  if (train) refuseOtherClasses(found.test, train, test);
  const splits = { test: label(test), ...(train && { train: label(train) }) };
  return { folder, classes: test.groups.map(([name]) => name), splits, heldOut: false };
}
