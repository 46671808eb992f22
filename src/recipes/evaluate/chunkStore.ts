// Where features wait between processes and commands: a file a part of the images, written whole or not at all. What is there is not computed again.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { openWeights, saveWeights } from '../../nn/index.js';
import { keep, libtorch, threads } from '../../torch/index.js';
import { differences } from '../../util/differences.js';
import { UsageError } from '../../util/errors.js';
import { explainIo, writeFileAtomic } from '../../util/files.js';
import type { KeptSettings } from '../sampleSink.js';
import type { NetworkOutput } from './network.js';

/** Keeps what a network gave of each part, by the part's number. */
export interface PartStore {
  has(part: number): boolean;
  /** Takes tensors of the caller's scope. */
  write(part: number, output: NetworkOutput): void;
  /** What was written, in tensors that are kept: the caller disposes of them. */
  read(part: number): NetworkOutput;
  /** Threads that parts were computed with. */
  readonly threads: readonly number[];
  /** Tells processes that wait that this one computes. */
  beat(): void;
  /** Changes whenever some process tells that it computes. */
  lastBeat(): number;
}

/** A store in memory, whose parts can be read once: for what is measured at once. */
export class MemoryStore implements PartStore {
  readonly #parts = new Map<number, NetworkOutput>();

  get threads(): number[] {
    return [threads()];
  }
  has(part: number): boolean {
    return this.#parts.has(part);
  }
  write(part: number, output: NetworkOutput): void {
    for (const one of Object.values(output)) keep(one);
    this.#parts.set(part, output);
  }
  read(part: number): NetworkOutput {
    const output = this.#parts.get(part);
    if (!output) throw new Error(`internal: part ${part} was not computed`);
    this.#parts.delete(part);
    return output;
  }
  beat(): void {
    // nobody else looks into this memory
  }
  lastBeat(): number {
    return 0;
  }
}

/** A folder of safetensors files. */
export class ChunkStore implements PartStore {
  readonly #hash: string;
  readonly #threads = new Set<number>();

  /**
   * Begins a folder, or goes on with what it holds.
   * @param identity all that settles the features
   * @throws UsageError where the folder holds features of something else
   */
  constructor(
    readonly folder: string,
    identity: KeptSettings,
  ) {
    const { version } = libtorch();
    const wanted = JSON.parse(JSON.stringify({ ...identity, libtorch: version })) as KeptSettings;
    this.#hash = createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
    const path = this.#record;
    if (!existsSync(path)) writeFileAtomic(path, `${JSON.stringify(wanted, null, 2)}\n`);
    const changed = differences(recordOf(path), wanted);
    if (changed.length)
      throw new UsageError(`${folder}: it holds features of other settings (${changed.join(', ')}); choose another folder with --out, or the same settings to go on`); // prettier-ignore
  }

  get threads(): number[] {
    return [...this.#threads].sort((a, b) => a - b);
  }

  beat(): void {
    const now = new Date();
    utimesSync(this.#record, now, now);
  }

  lastBeat(): number {
    return statSync(this.#record).mtimeMs;
  }

  get #record(): string {
    return join(this.folder, 'features.json');
  }

  #file(part: number): string {
    return join(this.folder, `part-${String(part).padStart(6, '0')}.safetensors`);
  }

  /** Whether a part is there and whole; what is neither, or of other settings, counts as absent. */
  has(part: number): boolean {
    const path = this.#file(part);
    if (!existsSync(path)) return false;
    try {
      using file = openWeights(path);
      return file.metadata['identity'] === this.#hash;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      rmSync(path, { force: true }); // damaged
      return false;
    }
  }

  write(part: number, output: NetworkOutput): void {
    const tensors = new Map(Object.entries(output));
    saveWeights(this.#file(part), tensors, { identity: this.#hash, threads: String(threads()) });
  }

  read(part: number): NetworkOutput {
    using file = openWeights(this.#file(part));
    this.#threads.add(Number(file.metadata['threads']));
    const names = [...file.shapes.keys()];
    return Object.fromEntries(names.map((name) => [name, file.tensor(name)])) as NetworkOutput;
  }
}

function recordOf(path: string): unknown {
  const text = explainIo(path, () => readFileSync(path, 'utf8'));
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(
      `${path}: it does not say what the features beside it are of; choose another folder with --out`,
    );
  }
}

/** Frees what a network gave. */
export function discard(output: NetworkOutput): void {
  for (const one of Object.values(output)) one.dispose();
}
