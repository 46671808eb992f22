// What a body is refused with: the sentence of a UsageError, and no other error.
import { expect } from 'vitest';
import { UsageError } from '../src/util/errors.js';

/** The sentence that `body` ends in; fails where it ends otherwise. */
export function sentenceOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}
