// Checkpoints: folders `step-N` with a manifest (sizes, SHA-256), one safetensors file a part, and the clock. Whole or absent.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadWeights, saveWeights } from '../nn/index.js';
import type { Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { sha256File, writeFolderAtomic } from '../util/files.js';

/** Something with tensors that a checkpoint keeps: a model, an optimiser. */
export interface CheckpointPart {
  save(): ReadonlyMap<string, Tensor>;
  load(tensors: ReadonlyMap<string, Tensor>, where: string): void;
  /** Kept in the file's metadata, e.g. the model's family and configuration. */
  metadata?: Readonly<Record<string, string>>;
}

/** How far training has come. */
export interface Clock {
  step: number;
  imagesSeen: number;
}

interface Manifest {
  clock: Clock;
  files: Record<string, { bytes: number; sha256: string }>;
}

const folderName = (clock: Clock) => `step-${String(clock.step).padStart(8, '0')}`;

/** Writes a checkpoint and removes all but the newest `keep`. */
export function saveCheckpoint(
  folder: string,
  clock: Clock,
  parts: Readonly<Record<string, CheckpointPart>>,
  keep: number,
): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, folderName(clock));
  writeFolderAtomic(path, (aside) => {
    const files: Manifest['files'] = {};
    for (const [name, part] of Object.entries(parts)) {
      const file = join(aside, `${name}.safetensors`);
      saveWeights(file, part.save(), part.metadata);
      files[`${name}.safetensors`] = { bytes: statSync(file).size, sha256: sha256File(file) };
    }
    writeFileSync(join(aside, 'manifest.json'), `${JSON.stringify({ clock, files } satisfies Manifest, null, 2)}\n`);
  });
  for (const old of listCheckpoints(folder).slice(keep)) rmSync(old, { recursive: true, force: true });
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

/** Checks every file of a checkpoint against its manifest; throws a UsageError that names what is wrong. */
export function verifyCheckpoint(path: string): Manifest {
  const file = join(path, 'manifest.json');
  if (!existsSync(file)) throw new UsageError(`${path}: not a whole checkpoint: there is no manifest.json`);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    throw new UsageError(`${file}: not JSON; the checkpoint is damaged`);
  }
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

/** Loads the parts of a checkpoint that was verified. */
export function loadCheckpoint(path: string, parts: Readonly<Record<string, CheckpointPart>>): void {
  for (const [name, part] of Object.entries(parts)) {
    const file = join(path, `${name}.safetensors`);
    const { tensors } = loadWeights(file);
    part.load(tensors, file);
    for (const one of tensors.values()) one.dispose();
  }
}
