// What is told of files in a data folder that are no whole images.
import type { BrokenFile } from '../data/index.js';
import { say } from './settingsOptions.js';

const named = 5;

/** Counts the files that were left out and names the first of them. */
export function sayBroken(broken: readonly BrokenFile[]): void {
  if (!broken.length) return;
  say(`${broken.length} ${broken.length === 1 ? 'file was' : 'files were'} left out:`);
  for (const { path, reason } of broken.slice(0, named)) say(`  ${path}: ${reason}`);
  if (broken.length > named) say(`  … and ${broken.length - named} more (scalewise data show names them all)`);
}
