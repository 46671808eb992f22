// What checkpoints hold, and the saving of it: training stops only while the tensors are copied; a thread writes the copies.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RawTensor } from '../formats/index.js';
import { codeOfDtype, loadWeights } from '../nn/index.js';
import { scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { workerFile } from '../util/workerFile.js';
import type { CheckpointWork, Clock, Snapshot } from './checkpointFiles.js';
import type { Written } from './checkpointWorker.js';

/** Something with tensors that a checkpoint keeps: a model, an optimiser. */
export interface CheckpointPart {
  /** Its state, the live tensors. */
  save(): ReadonlyMap<string, Tensor>;
  load(tensors: ReadonlyMap<string, Tensor>, where: string): void;
  /** Kept in the file's metadata, e.g. the model's family and configuration. */
  metadata?: Readonly<Record<string, string>>;
}

/** Parts of a checkpoint by name, which is that of their files. */
export type CheckpointParts = Readonly<Record<string, CheckpointPart>>;

function copyOf(part: CheckpointPart): Snapshot {
  const tensors = scope(() =>
    Array.from(part.save(), ([name, one]): [string, RawTensor] => [
      name,
      { dtype: codeOfDtype(one.dtype), shape: one.shape, bytes: one.bytes() },
    ]),
  );
  return { tensors: new Map(tensors), metadata: part.metadata ?? {} };
}

/** Saves checkpoints of one run, one at a time, in the background. */
export class CheckpointWriter {
  #worker: Worker | undefined;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;

  /**
   * @param folder of the checkpoints
   * @param keep how many of the newest stay
   * @param keepEvery images after which one more stays for good; 0 for none
   */
  constructor(
    readonly folder: string,
    readonly keep: number,
    readonly keepEvery: number,
  ) {}

  /**
   * Copies the parts and has them written. Waits first for a save that is still under way, and throws what it threw.
   * @param before images seen at the save before
   */
  async save(clock: Clock, parts: CheckpointParts, before: number): Promise<void> {
    await this.finish();
    const crossed = (images: number) => Math.floor(images / this.keepEvery);
    const work: CheckpointWork = {
      folder: this.folder,
      clock: { ...clock },
      parts: new Map(Object.entries(parts).map(([name, part]) => [name, copyOf(part)])),
      keep: this.keep,
      kept: this.keepEvery > 0 && crossed(clock.imagesSeen) > crossed(before),
    };
    this.#writing = this.#write(work);
    this.#writing.catch((error: unknown) => (this.#failure = error as Error)); // told by check() or finish()
  }

  async #write(work: CheckpointWork): Promise<void> {
    const worker = (this.#worker ??= new Worker(workerFile(import.meta.url, './checkpointWorker.js')));
    const answer = new Promise<Written>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    const buffers = [...work.parts.values()].flatMap(({ tensors }) =>
      Array.from(tensors.values(), ({ bytes }) => bytes.buffer as ArrayBuffer),
    );
    worker.postMessage(work, buffers);
    const written = await answer;
    worker.removeAllListeners('error');
    if (written.error !== undefined)
      throw written.usage ? new UsageError(written.error) : new Error(`internal: a checkpoint: ${written.error}`);
  }

  /** Waits until what was given to `save` is on the disk; throws what went wrong. */
  async finish(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await writing;
  }

  /** Throws what went wrong with a save in the background, as soon as it is known. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Ends the thread, after the save that is under way. */
  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    await this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** Loads the parts of a checkpoint that was verified. */
export function loadCheckpoint(path: string, parts: CheckpointParts): void {
  for (const [name, part] of Object.entries(parts)) {
    const file = join(path, `${name}.safetensors`);
    const { tensors } = loadWeights(file);
    part.load(tensors, file);
    for (const one of tensors.values()) one.dispose();
  }
}
