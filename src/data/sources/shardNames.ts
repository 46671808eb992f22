// Which files are meant by the name of a sharded data set: a folder, a pattern like `train-{000..146}.tar`, or one file or URL.
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../../util/errors.js';
import { explainIo } from '../../util/files.js';
import type { Split } from '../folderLayout.js';
import { isUrl } from './byteFile.js';

const mostShards = 100_000;

/** The texts that one pair of braces stands for: `000..146` counts, in as many digits; `a,b` lists. */
function alternatives(pattern: string, inside: string): string[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(inside);
  if (!range) return inside.split(',');
  const [first, last] = [Number(range[1]), Number(range[2])];
  if (last < first || last - first >= mostShards)
    throw new UsageError(`${pattern}: expected a range of 1 to ${mostShards} shards, got {${inside}}`);
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`.padStart(range[1]!.length, '0'));
}

/** All names that a pattern with braces stands for, in order. */
function expandBraces(pattern: string): string[] {
  const found = /^([^{}]*)\{([^{}]+)\}(.*)$/s.exec(pattern);
  if (!found) {
    if (/[{}]/.test(pattern)) throw new UsageError(`${pattern}: a brace without its other; write {000..146} or {a,b}`);
    return [pattern];
  }
  const rest = expandBraces(found[3]!);
  const all = alternatives(pattern, found[2]!);
  if (all.length * rest.length > mostShards) throw new UsageError(`${pattern}: more than ${mostShards} shards`);
  return all.flatMap((one) => rest.map((tail) => `${found[1]!}${one}${tail}`));
}

const splitWords: Record<Split, RegExp> = {
  train: /(^|[^a-z])train([^a-z]|$)/i,
  test: /(^|[^a-z])(test|val|valid|validation)([^a-z]|$)/i,
};

/** Names inside a folder, those of the split where names tell of splits. */
function shardsIn(folder: string, extension: string, split: Split): string[] {
  const all = explainIo(folder, () => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    .filter((name) => name.endsWith(extension) && !/(^|\/)\./.test(name))
    .sort();
  const told = all.some((name) => Object.values(splitWords).some((words) => words.test(name)));
  return told ? all.filter((name) => splitWords[split].test(name)) : split === 'train' ? all : [];
}

/** Whether a name means files of this extension: a name or pattern that ends so, or a folder that holds such files. */
export function hasShards(name: string, extension: string): boolean {
  if (name.replace(/\?.*$/s, '').endsWith(extension)) return true;
  if (isUrl(name) || !statSync(name, { throwIfNoEntry: false })?.isDirectory()) return false;
  return ['', 'train', 'data'].some((inner) => {
    const folder = join(name, inner);
    const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory();
    return isFolder && readdirSync(folder).some((file) => file.endsWith(extension));
  });
}

/**
 * The shards of a split. Patterns and single files are taken for the split that is asked for; in a folder, names that tell of splits do
 * (`train-0001.tar`, `validation/…`).
 * @throws UsageError where there are none.
 */
export function shardNames(name: string, extension: string, split: Split): string[] {
  const isFolder = !isUrl(name) && statSync(name, { throwIfNoEntry: false })?.isDirectory();
  if (!isFolder) return expandBraces(name).map((one) => (isUrl(one) ? one : resolve(one)));
  const found = shardsIn(name, extension, split);
  if (!found.length) throw new UsageError(`${name}: no ${extension} file of the ${split} split; see docs/data.md`);
  return found.map((file) => resolve(name, file));
}
