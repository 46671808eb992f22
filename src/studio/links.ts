// Links in the opened folder: they may lead anywhere, and requests are not to reach what lies outside.
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Whether a folder is where its path says, and no link has come into that. */
export function isInPlace(root: string, path: string): boolean {
  const isThere = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isThere && realpathSync(path) === join(realpathSync(root), relative(root, path));
}

/** Links of a folder, and as many levels below it, that lead out of the root or nowhere. */
export function linksOut(root: string, folder: string, levels: number): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return leadsBelow(root, path) ? [] : [path];
    return entry.isDirectory() && levels > 0 ? linksOut(root, path, levels - 1) : [];
  });
}

function leadsBelow(root: string, link: string): boolean {
  try {
    return realpathSync(link).startsWith(realpathSync(root) + sep);
  } catch {
    return false; // it leads nowhere
  }
}
