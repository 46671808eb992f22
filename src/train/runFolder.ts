// A run is a folder: config.json (resolved), metrics.jsonl, TensorBoard events, samples/, checkpoints/.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendJsonLine, EventWriter, readJsonLines } from '../formats/index.js';
import { differences } from '../util/differences.js';
import { UsageError } from '../util/errors.js';
import { explainIo, makeFolder, sweepParts, writeFileAtomic } from '../util/files.js';
import type { Clock } from './checkpointFiles.js';
import { Expendable } from './expendable.js';
import { MetricsExporter } from './exporter.js';
import { writerOf } from './runWriter.js';

/** One line of metrics.jsonl. */
export type MetricsRecord = Pick<Clock, 'step' | 'imagesSeen'> & Record<string, number>;

/** Settings that may change between the runs of one folder: how long, what is shown or kept, and how the machine goes about it. */
const mayChange = new Set([
  'images', 'every', 'keepCheckpoints', 'threads', 'microBatch', 'recompute', 'maxSkipped', 'workers', 'timeout', 'peakTflops', 'metricsFolder',
]); // prettier-ignore

/** Who opens the folder, and for what. */
export interface RunOptions {
  /** Images of the whole training. */
  images: number;
  /** Whether this process writes; of several that train together only the first one does. */
  writes?: boolean;
  /** A collector's folder for the last numbers; the run's own by default. */
  metricsFolder?: string | undefined;
  say: (line: string) => void;
}

function readConfig(file: string): object {
  const text = explainIo(file, () => readFileSync(file, 'utf8'));
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    const mend = 'remove the file, and the run goes on with the settings of the command';
    throw new UsageError(`${file}: damaged: it is not JSON; ${mend}`, { cause: error });
  }
}

/** Refuses a folder that another process of this machine writes to: two would undo each other's work. */
function refuseOther(path: string): void {
  const writer = writerOf(path);
  if (!writer?.isOpen || writer.pid === process.pid) return;
  throw new UsageError(`${path}: process ${writer.pid} trains there already; wait for it, stop it (kill ${writer.pid}: it saves), or choose another --out`); // prettier-ignore
}

/** An open run folder. */
export class RunFolder {
  readonly checkpoints: string;
  readonly samples: string;
  readonly metrics: string;
  readonly #exporter: MetricsExporter;
  readonly #guard: Expendable;
  readonly #say: (line: string) => void;
  readonly #writes: boolean;
  #events: EventWriter | undefined;
  #resumedAt = 0;

  /** @param config the resolved configuration; the folder must hold none, or one that agrees with it */
  constructor(
    readonly path: string,
    readonly kind: string,
    config: object,
    { images, writes = true, metricsFolder: folder, say }: RunOptions,
  ) {
    this.#exporter = new MetricsExporter({ run: path, kind, images, ...(folder !== undefined && { folder }) });
    this.#guard = new Expendable('metrics', say);
    this.#say = say;
    this.#writes = writes;
    this.checkpoints = join(path, 'checkpoints');
    this.samples = join(path, 'samples');
    this.metrics = join(path, 'metrics.jsonl');
    if (!writes) return;
    if (existsSync(path)) refuseOther(path);
    makeFolder(this.samples);
    for (const folder of [path, this.samples, this.checkpoints, join(path, 'ema')]) sweepParts(folder);
    const file = join(path, 'config.json');
    const resolved = JSON.parse(JSON.stringify({ kind, ...config })) as object;
    if (existsSync(file)) {
      const changed = differences(readConfig(file), resolved).filter((key) => !mayChange.has(key.split('.')[0]!));
      if (changed.length)
        throw new UsageError(
          `${path}: it holds a run with other settings (${changed.join(', ')}); choose another --out, or the same settings to continue`,
        );
    }
    writeFileAtomic(file, `${JSON.stringify(resolved, null, 2)}\n`);
  }

  /** Forgets metrics from beyond a checkpoint that training goes on from, and damaged lines. */
  rewind(clock: Clock): void {
    this.#resumedAt = clock.imagesSeen;
    if (!existsSync(this.metrics)) return;
    const records = readJsonLines<MetricsRecord | null>(this.metrics, (sentence) => { this.#say(`${sentence}; it is left out`); }); // prettier-ignore
    const kept = records.filter((one) => one !== null && one.imagesSeen <= clock.imagesSeen);
    writeFileAtomic(this.metrics, kept.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }

  /** Records numbers at a time of the run; those that are not finite are left out. A full disk costs them, not the training. */
  record({ step, imagesSeen, skipped }: Clock, values: Readonly<Record<string, number>>): void {
    const finite = Object.entries({ ...values, ...(skipped > 0 && { skipped }) }).filter(([, value]) => Number.isFinite(value)); // prettier-ignore
    this.#guard.attempt(() => {
      appendJsonLine(this.metrics, { step, imagesSeen, ...Object.fromEntries(finite) });
      for (const [name, value] of finite) this.#eventWriter().scalar(name, imagesSeen, value);
      this.#exporter.record({ step, imagesSeen }, Object.fromEntries(finite));
    });
  }

  /** Writes a PNG to samples/ and to TensorBoard, where the disk lets it. */
  image(name: string, clock: Clock, png: { data: Buffer; width: number; height: number }): void {
    const path = join(this.samples, `${name}-${String(clock.step).padStart(8, '0')}.png`);
    this.#guard.attempt(() => {
      writeFileAtomic(path, png.data);
      this.#eventWriter().image(name, clock.imagesSeen, png.data, png.width, png.height);
    });
  }

  /** Opened when something is recorded; TensorBoard forgets what earlier files hold from beyond the checkpoint. */
  #eventWriter(): EventWriter {
    return (this.#events ??= new EventWriter(this.path, { purgeStep: this.#resumedAt + 1 }));
  }

  close(): void {
    if (!this.#writes) return;
    this.#events?.close();
    this.#guard.attempt(() => {
      this.#exporter.close();
    });
  }
}
