// What run folders tell of their trainings, read without changing anything: how far, how well, how large, and whether they are whole.
import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonLines, SafetensorsFile } from '../formats/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import { type Clock, listCheckpoints, readManifest } from './checkpointFiles.js';
import type { MetricsRecord } from './runFolder.js';
import { writerOf } from './runWriter.js';

/** A checkpoint as its manifest and its files' sizes tell; their sums are not read. */
export interface CheckpointGlance {
  path: string;
  bytes: number;
  /** Absent where the manifest cannot be read. */
  clock?: Clock;
  /** Whether its manifest says that it stays for good. */
  kept?: boolean;
  /** What is wrong with it. */
  problem?: string;
}

/**
 * `running`: a process of this machine writes to it now. `done`: its newest checkpoint holds all images that were asked for. `damaged`: its
 * newest checkpoint is not whole. `unfinished`: none of these; it may be running on another machine (`host`).
 */
export type RunState = 'running' | 'done' | 'unfinished' | 'damaged';

/** A run folder, without its records but the newest. */
export interface RunGlance {
  path: string;
  config: Readonly<Record<string, unknown>>;
  /** tokenizer, train, refine. */
  kind: string;
  /** Of its settings, or of the tokenizer beside it. */
  family?: string;
  /** Images of the newest record, of the newest whole checkpoint, and to train on in all. */
  imagesSeen: number;
  imagesSaved: number;
  images: number;
  /** The newest record. */
  last: MetricsRecord | undefined;
  state: RunState;
  /** What is wrong with its newest checkpoint and with lines of its metrics, a sentence each. */
  problems: readonly string[];
  /** Where its newest event file was written. */
  host?: string;
  written: Date;
  bytes: number;
  /** Newest first. */
  checkpoints: readonly CheckpointGlance[];
}

/** A run folder with all that it recorded. */
export interface RunSummary extends RunGlance {
  records: readonly MetricsRecord[];
}

/** Finds the newest record of a file; it tells `broken` of lines that are no JSON, as far as it reads them. */
type LastRecord = (file: string, broken: (sentence: string) => void) => MetricsRecord | undefined;

/** The entries of a folder; none where it vanished, as checkpoints do that make room for newer ones. */
function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

/** Bytes of a folder and when something in it was written last; what vanishes meanwhile counts for nothing. */
function sizeOfFolder(path: string): { bytes: number; written: Date } {
  let [bytes, written] = [0, 0];
  const add = (folder: string) => {
    for (const entry of entriesOf(folder)) {
      const one = join(folder, entry.name);
      if (entry.isDirectory()) add(one);
      if (!entry.isFile()) continue;
      const found = lstatSync(one, { throwIfNoEntry: false });
      bytes += found?.size ?? 0;
      written = Math.max(written, found?.mtimeMs ?? 0);
    }
  };
  add(path);
  return { bytes, written: new Date(written) };
}

/** Looks at a checkpoint's manifest and at the sizes of its files; undefined where it was removed meanwhile. */
export function glanceAtCheckpoint(path: string): CheckpointGlance | undefined {
  const { bytes } = sizeOfFolder(path);
  const glance = lookAt(path, bytes);
  return glance.problem !== undefined && !existsSync(path) ? undefined : glance;
}

function lookAt(path: string, bytes: number): CheckpointGlance {
  try {
    const { clock, kept = false, files } = readManifest(path);
    const wrong = Object.entries(files).find(
      ([name, file]) => statSync(join(path, name), { throwIfNoEntry: false })?.size !== file.bytes,
    );
    const problem = `${path}: damaged: ${wrong?.[0]} is missing or has another size`;
    return { path, bytes, clock, kept, ...(wrong && { problem }) };
  } catch {
    return { path, bytes, problem: `${path}: damaged: its manifest.json cannot be read` };
  }
}

/** Looks at the checkpoints in a folder, newest first. */
export function glanceAtCheckpoints(folder: string): CheckpointGlance[] {
  return listCheckpoints(folder).flatMap((path) => glanceAtCheckpoint(path) ?? []);
}

function readConfig(path: string): Readonly<Record<string, unknown>> {
  const file = join(path, 'config.json');
  if (!existsSync(file)) throw new UsageError(`${path}: a run without config.json`);
  let config: unknown;
  try {
    config = JSON.parse(explainIo(file, () => readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: not JSON; the run is damaged`, { cause: error });
  }
  const { kind, images } = (config ?? {}) as Record<string, unknown>;
  if (typeof kind !== 'string' || !Number.isFinite(images))
    throw new UsageError(`${file}: expected the settings of a training, with kind and images`);
  return config as Record<string, unknown>;
}

function familyOf(path: string, { family }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof family === 'string') return family;
  const tokenizer = join(path, 'tokenizer.safetensors');
  if (!existsSync(tokenizer)) return undefined;
  const file = new SafetensorsFile(tokenizer);
  file.close();
  return file.metadata['family'];
}

/**
 * Reads a run folder.
 * @throws UsageError where its settings cannot be read
 */
export function readRun(path: string): RunSummary {
  let records: MetricsRecord[] = [];
  const glance = glanceAtRun(path, (file, broken) => (records = readJsonLines(file, broken)).at(-1));
  return { ...glance, records };
}

/**
 * Reads a run folder without its records.
 * @param lastRecord finds the newest one
 * @throws UsageError where its settings cannot be read
 */
export function glanceAtRun(path: string, lastRecord: LastRecord): RunGlance {
  if (!existsSync(path))
    throw new UsageError(`${path}: there is no such folder; \`scalewise runs list\` shows what there is`);
  const config = readConfig(path);
  const images = config['images'] as number;
  const problems: string[] = [];
  const last = lastRecord(join(path, 'metrics.jsonl'), (sentence) => problems.push(sentence));
  const checkpoints = glanceAtCheckpoints(join(path, 'checkpoints'));
  const imagesSaved = checkpoints.find(({ problem }) => problem === undefined)?.clock?.imagesSeen ?? 0;
  const family = familyOf(path, config);
  const writer = explainIo(path, () => writerOf(path));
  const damage = checkpoints[0]?.problem;
  if (damage !== undefined) problems.push(damage);
  const state = writer?.isOpen ? 'running' : damage !== undefined ? 'damaged' : imagesSaved >= images ? 'done' : 'unfinished'; // prettier-ignore
  return {
    path,
    config,
    kind: config['kind'] as string,
    ...(family !== undefined && { family }),
    imagesSeen: last?.imagesSeen ?? imagesSaved,
    imagesSaved,
    images,
    last,
    state,
    problems,
    ...(writer && { host: writer.host }),
    ...explainIo(path, () => sizeOfFolder(path)),
    checkpoints,
  };
}

const deepest = 4;
const isRunPart = (name: string) => name === 'metrics.jsonl' || name === 'checkpoints';

/** The entries of a folder; none of one below the first that is closed to us, or went away. */
function openEntries(folder: string, depth: number): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (depth > 0) return [];
    throw error;
  }
}

/** Paths of the run folders in a folder (itself, or down to four levels below), sorted. What lies in folders that are closed to us is not found. */
export function findRuns(folder: string, depth = 0): string[] {
  const entries = explainIo(folder, () => openEntries(folder, depth));
  if (entries.some(({ name }) => isRunPart(name))) return [folder];
  const isNew = entries.some(({ name }) => name === 'config.json') && entries.some(({ name }) => name === 'samples');
  if (isNew) return [folder];
  if (depth === deepest) return [];
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(({ name }) => join(folder, name))
    .sort()
    .flatMap((path) => findRuns(path, depth + 1));
}
