// A data set of image files on a disk: a folder with a subfolder a class (ImageNet's layout), or a list of paths and labels.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../util/errors.js';
import { explainIo } from '../../util/files.js';
import type { FolderLayout, LabelledFile, Split } from '../folderLayout.js';
import { classify, labelFrom, type RawLabel } from './labels.js';
import type { ImageSource } from './source.js';

function sourceOf(name: string, classes: readonly string[], files: readonly LabelledFile[]): ImageSource {
  return {
    name,
    classes,
    labels: Uint16Array.from(files, ({ label }) => label),
    nameOf: (index) => files[index]!.path,
    placeOf: (index) => ({ kind: 'file', path: files[index]!.path }),
  };
}

/**
 * A split of a folder that was laid out.
 * @throws UsageError where there is no such split.
 */
export function folderImages({ folder, classes, splits }: FolderLayout, split: Split): ImageSource {
  const chosen = splits[split];
  if (!chosen?.files.length) throw new UsageError(`${folder}: there are no images of the ${split} split; add them`);
  return sourceOf(folder, classes, chosen.files);
}

const isImageName = (path: string) => /\.(jpe?g|png|webp|gif|tiff?|avif)$/i.test(path);

/** A line's path and label: the label follows the last comma (or tab), else the last space. */
function splitLine(line: string): { path: string; label: RawLabel } {
  const comma = Math.max(line.lastIndexOf(','), line.lastIndexOf('\t'));
  const at = comma >= 0 ? comma : line.lastIndexOf(' ');
  const plain = (text: string) => text.trim().replace(/^"(.*)"$/, '$1');
  return at < 0 ? { path: plain(line), label: undefined } : { path: plain(line.slice(0, at)), label: labelFrom(plain(line.slice(at + 1))) }; // prettier-ignore
}

/** Whether a name means a list of images. */
export const isImageList = (name: string): boolean =>
  /\.(txt|csv|tsv)$/i.test(name) && (statSync(name, { throwIfNoEntry: false })?.isFile() ?? false);

/**
 * The images of a list: a line `path label`, `path,label` or `path<tab>label` each, a title line is passed over. Paths are relative to the list's
 * folder, or to `train/` beside it, where the first one lies there.
 * @throws UsageError where the list is empty, a label is missing, or the first image is not there.
 */
export function listedImages(list: string): ImageSource {
  const lines = explainIo(list, () => readFileSync(list, 'utf8')).split(/\r?\n/);
  const rows = lines.filter((line) => line.trim() !== '').map(splitLine);
  if (rows[0] && !isImageName(rows[0].path)) rows.shift();
  const [first] = rows;
  if (!first) throw new UsageError(`${list}: expected lines of a path and a label, found none`);
  const root = [dirname(list), join(dirname(list), 'train')].find((folder) => existsSync(join(folder, first.path)));
  if (root === undefined)
    throw new UsageError(`${list}: no file '${first.path}' beside the list, nor in train/ there; correct the paths`);
  const raw = rows.map(({ label }) => label);
  const { classes, labels } = classify(list, raw, (i) => `'${rows[i]!.path}'`, { flatName: basename(root) });
  return sourceOf(list, classes, rows.map(({ path }, i) => ({ path: join(root, path), label: labels[i]! }))); // prettier-ignore
}
