// The class index of a data set: its classes in their order and its number of images, written to the cache when the set is first used and checked
// whenever it is used again. Labels are places in that order: a folder more would silently shift those of all that follow.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../util/errors.js';
import { writeFileAtomic } from '../../util/files.js';
import { cacheFolder, inCache } from '../cacheFolder.js';
import type { Split } from '../folderLayout.js';
import { isUrl } from './byteFile.js';

const index = z.object({ data: z.string(), split: z.string(), images: z.number(), classes: z.array(z.string()) });

/** What a class index holds. */
export type ClassIndex = z.infer<typeof index>;

/** Where the class index of a data set lies. */
export function classIndexPath(name: string, split: Split): string {
  const full = isUrl(name) ? name : resolve(name);
  const sum = createHash('sha256').update(`${split} ${full}`).digest('hex').slice(0, 32);
  return join(cacheFolder(), 'classes', `${sum}.json`);
}

/** What is another now, or undefined. */
function change(before: ClassIndex, now: ClassIndex): string | undefined {
  const counts = `${before.classes.length} classes then, ${now.classes.length} now`;
  const at = now.classes.findIndex((name, i) => name !== before.classes[i]);
  if (at >= 0 && at < before.classes.length)
    return `class ${at} was '${before.classes[at]!}', now it is '${now.classes[at]!}' (${counts})`;
  if (now.classes.length !== before.classes.length) return counts;
  return before.images === now.images ? undefined : `${before.images} images then, ${now.images} now`;
}

/**
 * Writes the class index of a data set, or checks it against the one that was written.
 * @throws UsageError that says what changed.
 */
export function checkClassIndex(
  name: string,
  split: Split,
  { images, classes }: { images: number; classes: readonly string[] },
): void {
  const path = classIndexPath(name, split);
  const now: ClassIndex = { data: name, split, images, classes: [...classes] };
  if (!existsSync(path)) {
    inCache(() => {
      writeFileAtomic(path, `${JSON.stringify(now, undefined, 2)}\n`);
    });
    return;
  }
  let before: ClassIndex;
  try {
    before = index.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new UsageError(`${path}: the class index of ${name} is damaged; remove it, it is made anew`, {
      cause: error,
    });
  }
  const changed = change(before, now);
  if (changed !== undefined)
    throw new UsageError(
      `${name}: the data changed since it was first used: ${changed}; undo that, or remove ${path} if other labels and another order are meant`,
    );
}
