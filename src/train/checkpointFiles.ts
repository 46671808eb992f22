// The files of checkpoints: folders `step-N` with one safetensors file a part and a manifest (the clock; sizes and SHA-256 of every file).
// Whole or absent. No torch here: the thread that writes them knows none.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Writes a checkpoint aside, synced and renamed; then removes all but the newest `keep` and those that are kept for good. */
export function writeCheckpoint({ folder, clock, parts, keep, kept }: CheckpointWork): string {
  explainIo(folder, () => mkdirSync(folder, { recursive: true }));
  const path = join(folder, `step-${String(clock.step).padStart(8, '0')}`);
  writeFolderAtomic(path, (aside) => {
    const files: Manifest['files'] = {};
    for (const [name, { tensors, metadata }] of parts) {
      const file = join(aside, `${name}.safetensors`);
      const sources = Array.from(tensors, ([key, { bytes, ...raw }]) => [key, { ...raw, bytes: () => bytes }] as const);
      writeSafetensors(file, new Map(sources), metadata);
      files[`${name}.safetensors`] = { bytes: statSync(file).size, sha256: sha256File(file) };
    }
    const manifest: Manifest = { clock, ...(kept && { kept }), files };
    writeFileSync(join(aside, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  });
  const passing = listCheckpoints(folder).filter((one) => !isKept(one));
  explainIo(folder, () => {
    for (const old of passing.slice(keep)) rmSync(old, { recursive: true, force: true });
  });
  return path;
}

/** Paths of the checkpoints in a folder, newest first. */
export function listCheckpoints(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /^step-\d+$/.test(name));
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/** Removes what a killed process left half-written. */
export function sweepCheckpoints(folder: string): void {
  if (!existsSync(folder)) return;
  explainIo(folder, () => {
    for (const name of readdirSync(folder))
      if (name.endsWith('.part')) rmSync(join(folder, name), { recursive: true, force: true });
  });
}

function readManifest(path: string): Manifest {
  const file = join(path, 'manifest.json');
  if (!existsSync(file)) throw new UsageError(`${path}: not a whole checkpoint: there is no manifest.json`);
  const text = explainIo(file, () => readFileSync(file, 'utf8'));
  let manifest: Partial<Manifest> | null;
  try {
    manifest = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    throw new UsageError(`${file}: not JSON; the checkpoint is damaged`);
  }
  const { clock, files } = manifest ?? {};
  if (!Number.isSafeInteger(clock?.step) || !Number.isSafeInteger(clock?.imagesSeen) || typeof files !== 'object')
    throw new UsageError(`${file}: expected a clock and a list of files; the checkpoint is damaged`);
  return manifest as Manifest;
}

/** Whether a checkpoint says that it is kept for good; a damaged one does not. */
function isKept(path: string): boolean {
  try {
    return readManifest(path).kept === true;
  } catch {
    return false;
  }
}

/** Checks every file of a checkpoint against its manifest; throws a UsageError that names what is wrong. */
export function verifyCheckpoint(path: string): Manifest {
  const manifest = readManifest(path);
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const part = join(path, name);
    if (!existsSync(part)) throw new UsageError(`${path}: damaged: ${name} is missing`);
    const size = statSync(part).size;
    if (size !== bytes) throw new UsageError(`${path}: damaged: ${name} should have ${bytes} bytes, has ${size}`);
    if (sha256File(part) !== sha256)
      throw new UsageError(`${path}: damaged: the content of ${name} has changed since it was written`);
  }
  return manifest;
}

/** The newest whole checkpoint of a folder, telling of damaged ones through `say`. */
export function newestCheckpoint(
  folder: string,
  say: (line: string) => void,
): { path: string; clock: Clock } | undefined {
  for (const path of listCheckpoints(folder)) {
    try {
      return { path, clock: verifyCheckpoint(path).clock };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      say(`${error.message}; an older checkpoint is used`);
    }
  }
  return undefined;
}
