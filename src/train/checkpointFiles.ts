// The files of checkpoints: folders `step-N` with one safetensors file a part and a manifest (the clock; sizes and SHA-256 of every file; its own
// SHA-256). Whole or absent. No torch here: the thread that writes them knows none.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type RawTensor, writeSafetensors } from '../formats/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo, sha256File, writeFolderAtomic } from '../util/files.js';

/** How far training has come. */
export interface Clock {
  step: number;
  imagesSeen: number;
  /** Steps that were skipped because a loss or gradient was not finite: in all, and in a row up to now. */
  skipped: number;
  skippedInRow: number;
}

/** What a checkpoint says of itself. */
export interface Manifest {
  clock: Clock;
  /** Whether it stays when newer ones take the place of the others. */
  kept?: boolean;
  files: Record<string, { bytes: number; sha256: string }>;
}

/** One part as it was when it was copied. */
export interface Snapshot {
  tensors: ReadonlyMap<string, RawTensor>;
  metadata: Readonly<Record<string, string>>;
}

/** What is to be written where. */
export interface CheckpointWork {
  /** The folder of the checkpoints. */
  folder: string;
  clock: Clock;
  parts: ReadonlyMap<string, Snapshot>;
  /** Checkpoints that stay besides those kept for good. */
  keep: number;
  kept: boolean;
}

const nameOf = ({ step }: Clock) => `step-${String(step).padStart(8, '0')}`;

/** The text of a manifest, sealed with the SHA-256 of what it says: no bit of it can change unnoticed. */
export function sealed({ clock, kept, files }: Manifest): string {
  const content = { clock, ...(kept && { kept }), files };
  const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return `${JSON.stringify({ ...content, sha256 }, null, 2)}\n`;
}

/**
 * Writes a checkpoint aside, synced and renamed; then removes all before it but the newest `keep` and those that are kept for good. One of
 * steps that were skipped takes no place: what makes them fail may be in its weights, and the last good ones before it.
 */
export function writeCheckpoint({ folder, clock, parts, keep, kept }: CheckpointWork): string {
  const path = join(folder, nameOf(clock));
  writeFolderAtomic(path, (aside) => {
    const files: Manifest['files'] = {};
    for (const [name, { tensors, metadata }] of parts) {
      const file = join(aside, `${name}.safetensors`);
      const sources = Array.from(tensors, ([key, { bytes, ...raw }]) => [key, { ...raw, bytes: () => bytes }] as const);
      writeSafetensors(file, new Map(sources), metadata);
      files[basename(file)] = { bytes: statSync(file).size, sha256: sha256File(file) };
    }
    writeFileSync(join(aside, 'manifest.json'), sealed({ clock, kept, files }));
  });
  if (clock.skippedInRow) return path;
  // newer ones are damaged, or training would have gone on from them: they take no place among those that stay
  const passing = listCheckpoints(folder).filter((one) => one <= path && isPassing(one));
  for (const old of passing.slice(keep)) removeCheckpoint(old);
  return path;
}

/** Removes a checkpoint, renamed first: half of one is never taken for one. */
export function removeCheckpoint(path: string): void {
  explainIo(path, () => {
    const aside = `${path}.${randomBytes(4).toString('hex')}.part`;
    renameSync(path, aside);
    rmSync(aside, { recursive: true });
  });
}

/** Paths of the checkpoints in a folder, newest first. */
export function listCheckpoints(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = explainIo(folder, () => readdirSync(folder)).filter((name) => /^step-\d+$/.test(name));
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/** What a checkpoint says of itself; throws a UsageError where that is not what was written. */
export function readManifest(path: string): Manifest {
  const file = join(path, 'manifest.json');
  if (!existsSync(file)) throw new UsageError(`${path}: not a whole checkpoint: there is no manifest.json`);
  const text = explainIo(file, () => readFileSync(file, 'utf8'));
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (text === sealed(manifest) && nameOf(manifest.clock) === basename(path)) return manifest;
  } catch {
    // told below
  }
  throw new UsageError(`${path}: damaged: manifest.json is not as it was written`);
}

/** Whether a checkpoint makes room for newer ones: one that is kept for good does not, nor one that does not say. */
function isPassing(path: string): boolean {
  try {
    return readManifest(path).kept !== true;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return false;
  }
}

/**
 * Checks the files of a checkpoint against its manifest; throws a UsageError that names what is wrong.
 * @param only the one file that is wanted; all by default
 */
export function verifyCheckpoint(path: string, only?: string): Manifest {
  const manifest = readManifest(path);
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    if (only !== undefined && name !== only) continue;
    const part = join(path, name);
    if (!existsSync(part)) throw new UsageError(`${path}: damaged: ${name} is missing`);
    const size = statSync(part).size;
    if (size !== bytes) throw new UsageError(`${path}: damaged: ${name} should have ${bytes} bytes, has ${size}`);
    if (sha256File(part) !== sha256)
      throw new UsageError(`${path}: damaged: the content of ${name} has changed since it was written`);
  }
  return manifest;
}

/**
 * The newest whole checkpoint of a folder, telling of damaged ones through `say`; undefined where there are no checkpoints.
 * @throws UsageError where there are some and none is whole: a training must not begin anew in their place
 */
export function newestCheckpoint(
  folder: string,
  say: (line: string) => void,
): { path: string; clock: Clock } | undefined {
  const damage: string[] = [];
  for (const path of listCheckpoints(folder)) {
    try {
      const { clock } = verifyCheckpoint(path);
      for (const one of damage) say(`${one}; an older checkpoint is used`);
      return { path, clock };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      damage.push(error.message);
    }
  }
  if (!damage.length) return undefined;
  throw new UsageError(
    `${folder}: no whole checkpoint is left to go on from (${damage.join('; ')}); put a copy of one back, or choose another --out to begin anew`,
  );
}
