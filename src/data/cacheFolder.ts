// Where fetched data and what is known of data lie.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';

/** `$SCALEWISE_CACHE`, or `~/.cache/scalewise`. */
export function cacheFolder(): string {
  return process.env['SCALEWISE_CACHE'] || join(homedir(), '.cache', 'scalewise');
}

/** Runs `body`, whose errors are told to be the cache's. */
export function inCache<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} (the cache can be elsewhere: set SCALEWISE_CACHE)`, { cause: error });
  }
}
