// Which files lie at the paths of a model: those that it was described by, or others that took their places.
import { statSync } from 'node:fs';
import type { FileStamp, ModelSource } from './worker/messages.js';

/** Which file lies at a path now; undefined where there is none. */
export function stampOf(path: string): FileStamp | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && { bytes: found.size, written: found.mtimeMs };
}

/** What became of a model's files since it was described. */
export function fateOf({ generator, tokenizer, seen }: ModelSource): 'kept' | 'replaced' | 'removed' {
  if (!seen) return 'kept';
  const pairs = [[stampOf(generator), seen.generator], [stampOf(tokenizer!), seen.tokenizer]] as const; // prettier-ignore
  if (pairs.some(([now, was]) => now && (now.bytes !== was.bytes || now.written !== was.written))) return 'replaced';
  return pairs.some(([now]) => !now) ? 'removed' : 'kept';
}
