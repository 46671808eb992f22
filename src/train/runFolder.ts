// A run is a folder: config.json (resolved), metrics.jsonl, TensorBoard events, samples/, checkpoints/.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendJsonLine, EventWriter, readJsonLines } from '../formats/index.js';
import { differences } from '../util/differences.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import type { Clock } from './checkpoint.js';

/** One line of metrics.jsonl. */
export type MetricsRecord = Clock & Record<string, number>;

/** Settings that may change between the runs of one folder: how long, and what is shown or kept. */
const mayChange = new Set(['images', 'every', 'keepCheckpoints', 'threads']);

/** An open run folder. */
export class RunFolder {
  readonly checkpoints: string;
  readonly samples: string;
  readonly metrics: string;
  #events: EventWriter | undefined;
  #resumedAt = 0;

  /** @param config the resolved configuration; the folder must hold none, or one that agrees with it */
  constructor(
    readonly path: string,
    readonly kind: string,
    config: object,
  ) {
    this.checkpoints = join(path, 'checkpoints');
    this.samples = join(path, 'samples');
    this.metrics = join(path, 'metrics.jsonl');
    explainIo(path, () => mkdirSync(this.samples, { recursive: true }));
    const file = join(path, 'config.json');
    const resolved = JSON.parse(JSON.stringify({ kind, ...config })) as object;
    if (existsSync(file)) {
      const before = JSON.parse(readFileSync(file, 'utf8')) as object;
      const changed = differences(before, resolved).filter((key) => !mayChange.has(key.split('.')[0]!));
      if (changed.length)
        throw new UsageError(
          `${path}: it holds a run with other settings (${changed.join(', ')}); choose another --out, or the same settings to continue`,
        );
    }
    writeFileAtomic(file, `${JSON.stringify(resolved, null, 2)}\n`);
  }

  /** Forgets metrics from beyond a checkpoint that training goes on from. */
  rewind(clock: Clock): void {
    this.#resumedAt = clock.imagesSeen;
    if (!existsSync(this.metrics)) return;
    const kept = readJsonLines<MetricsRecord>(this.metrics).filter((one) => one.imagesSeen <= clock.imagesSeen);
    writeFileAtomic(this.metrics, kept.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }

  /** Records numbers at a time of the run. */
  record(clock: Clock, values: Readonly<Record<string, number>>): void {
    appendJsonLine(this.metrics, { ...clock, ...values });
    for (const [name, value] of Object.entries(values)) this.#eventWriter().scalar(name, clock.imagesSeen, value);
  }

  /** Writes a PNG to samples/ and to TensorBoard. */
  image(name: string, clock: Clock, png: { data: Buffer; width: number; height: number }): string {
    const path = join(this.samples, `${name}-${String(clock.step).padStart(8, '0')}.png`);
    writeFileAtomic(path, png.data);
    this.#eventWriter().image(name, clock.imagesSeen, png.data, png.width, png.height);
    return path;
  }

  /** Opened when something is recorded; TensorBoard forgets what earlier files hold from beyond the checkpoint. */
  #eventWriter(): EventWriter {
    const purge = this.#resumedAt > 0 ? { purgeStep: this.#resumedAt + 1 } : {};
    return (this.#events ??= new EventWriter(this.path, purge));
  }

  close(): void {
    this.#events?.close();
  }
}
