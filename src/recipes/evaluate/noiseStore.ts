// What the noise of a subject's figures was found from, kept beside its features: of wide features it takes minutes, and the same command does not
// find it again.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '../../util/files.js';
import type { KeptSettings } from '../sampleSink.js';

/** Keeps what is JSON, by names. */
export interface NoiseStore {
  /** What was kept under a name, else what `make` gives, which is kept. */
  once<T>(name: string, make: () => T): T;
}

/** Keeps nothing. */
export const forgetful: NoiseStore = { once: (_, make) => make() };

interface Kept {
  /** Of the settings that all of it was found with. */
  settings: string;
  found: Record<string, unknown>;
}

/** What a file holds; nothing where it is not there, damaged or of other settings. */
function readKept(path: string, settings: string): Record<string, unknown> {
  if (!existsSync(path)) return {};
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept;
    return kept.settings === settings ? kept.found : {};
  } catch {
    return {};
  }
}

/** Whether JSON keeps every number of something as it is. */
const isFinite = (one: unknown): boolean =>
  typeof one === 'number'
    ? Number.isFinite(one)
    : typeof one !== 'object' || one === null || Object.values(one).every(isFinite);

/**
 * A file that keeps noise.
 * @param settings all that settles it: features, reference, seed and numbers of replicates
 */
export function noiseFile(path: string, settings: KeptSettings): NoiseStore {
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const found = readKept(path, hash);
  return {
    once<T>(name: string, make: () => T): T {
      if (Object.hasOwn(found, name)) return found[name] as T;
      const made = make();
      if (!isFinite(made)) return made;
      found[name] = made;
      writeFileAtomic(path, `${JSON.stringify({ settings: hash, found } satisfies Kept)}\n`);
      return made;
    },
  };
}
