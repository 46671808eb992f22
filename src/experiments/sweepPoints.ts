// Measured points of a sweep as files: one JSON file a point, below a folder a model, under a name that says its settings. All that settles the figures
// is in the file and, as a hash, in its name, so that points of other counts, seeds, classifiers or weights lie beside each other and are never mixed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Column, JudgeOptions, Pair, SamplingSettings } from '../recipes/index.js';
import type { Guidance } from '../sampling/index.js';
import { differences } from '../util/differences.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { type GridPoint, pointName } from './sweepGrid.js';
import { type Work, WorkFolder } from './sweepWork.js';

/** Guidance of a shape; a point says how strong. */
export type SweptGuidance = Extract<Guidance, { shape: 'ramp' | 'constant' }>;

/** A model of a sweep. */
export interface SweepModel {
  /** Tells it from the other models in reports. */
  name: string;
  /** As the user gave it. */
  path: string;
  /** Flags that it is loaded with besides, as the user gave them: `tokenizer`, `precision`, `weights`. */
  loading?: Readonly<Record<string, string>>;
  /** Hash of the weights of generator and tokenizer. */
  fingerprint: string;
  /** Classes that it was trained on, and height and width of its images in pixels. */
  classes: number;
  size: readonly [height: number, width: number];
  /** How it samples, but for what a point says. */
  settings: SamplingSettings & { guidance: SweptGuidance };
  /** Loads it; the sweep disposes of it. */
  open(): Pair;
}

/** A figure of some samples, and how tables show it. */
export interface SweepFigure extends Column {
  value: number;
}

/** What judges all points. */
export interface SweepJudge {
  /** Models are ranked by it: lower is nearer to the reference. */
  headline: Column;
  /** What is compared with, e.g. `fashion-mnist test (10000 images)`. */
  reference: string;
  /** Tells it from a judge of the same name, such as a hash of its weights and of what it compares with. */
  fingerprint: string;
  /** Dimensions of the features: samples that are not more have a singular covariance. */
  width: number;
  /** Version of libtorch: another one draws and measures with other last bits. */
  libtorch: string;
  /** What a reader should know of the distance. */
  note: string;
  /** Samples a loaded model as a task says and measures, the headline first; undefined where the signal came before it was done. */
  measure(
    task: Task,
    pair: Pair,
    options: SweepCount & { signal: AbortSignal; work: Work },
  ): readonly SweepFigure[] | Promise<readonly SweepFigure[] | undefined>;
}

/** Samples of a point, and how many are computed at once. */
export type SweepCount = Omit<JudgeOptions, 'seed'>;

/** A model at a point with a seed. */
export interface Task extends Pick<JudgeOptions, 'seed'> {
  model: SweepModel;
  point: GridPoint;
}

/** The settings that a point samples with. */
export function settingsAt({ settings }: SweepModel, { cfg, topK, topP, temperature }: GridPoint): SamplingSettings {
  return { ...settings, guidance: { ...settings.guidance, scale: cfg }, topK, topP, temperature };
}

/** 16 hexadecimal digits that stand for some parts. */
export function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

const recordSchema = z.object({
  settings: z.record(z.string(), z.unknown()),
  // JSON has no word for what is no number; such a figure is kept as null
  figures: z.array(
    z.object({ key: z.string(), name: z.string(), digits: z.number(), value: z.number().nullable().transform((value) => value ?? NaN) }),
  ),
}); // prettier-ignore

function parseRecord(path: string): z.output<typeof recordSchema> {
  const text = explainIo(path, () => readFileSync(path, 'utf8'));
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`${path}: it is no measured point of a sweep; remove it to measure the point again`);
  }
}

/** The points of a folder that were measured by one judge and with one number of samples. */
export class PointStore {
  constructor(
    readonly out: string,
    readonly judge: SweepJudge,
    readonly options: SweepCount,
    /** Who measures which point. */
    readonly works = new WorkFolder(join(out, 'features')),
  ) {}

  /** All that settles the figures of a task, as JSON has it. */
  #settings({ model, point, seed }: Task): Record<string, unknown> {
    const { device = 'cpu', ...sampling } = settingsAt(model, point);
    const { headline, reference, fingerprint, libtorch } = this.judge;
    const settings = {
      weights: model.fingerprint,
      judge: { measures: headline.name, reference, fingerprint },
      ...this.options,
      seed,
      device: device.split(':')[0], // one GPU computes as another
      libtorch,
      ...sampling,
    };
    return JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  }

  /** A model's folder, which keeps the name that it was made with. */
  #folder({ name, fingerprint }: SweepModel): string {
    const all = join(this.out, 'points');
    const there = existsSync(all) ? readdirSync(all).find((folder) => folder.endsWith(`-${fingerprint}`)) : undefined;
    return join(all, there ?? `${name.replace(/[^\w.-]+/g, '_')}-${fingerprint}`);
  }

  /** 16 hexadecimal digits that stand for all that settles the figures of a task. */
  key(task: Task): string {
    return hashOf(JSON.stringify(this.#settings(task)));
  }

  /** The file of a task. */
  file(task: Task): string {
    const { count } = this.options;
    const hash = this.key(task).slice(0, 8);
    return join(this.#folder(task.model), `${pointName(task.point)}-n${count}-s${task.seed}-${hash}.json`);
  }

  /**
   * The figures of a task; undefined where it was not measured.
   * @throws UsageError where its file holds something else
   */
  read(task: Task): SweepFigure[] | undefined {
    const path = this.file(task);
    if (!existsSync(path)) return undefined;
    const { settings, figures } = parseRecord(path);
    const changed = differences(settings, this.#settings(task));
    if (!changed.length && figures[0]?.key === this.judge.headline.key) return figures;
    throw new UsageError(
      `${path}: expected a point of the settings that its name says, found others (${changed.join(', ') || 'figures'}); remove it to measure the point again`,
    );
  }

  /** Keeps the figures of a task. */
  write(task: Task, figures: readonly SweepFigure[]): void {
    const { name, path } = task.model;
    const plain = figures.map(({ key, name: label, digits, value }) => ({ key, name: label, digits, value }));
    const record = { model: { name, path }, settings: this.#settings(task), figures: plain };
    writeFileAtomic(this.file(task), `${JSON.stringify(record, null, 2)}\n`);
  }
}
