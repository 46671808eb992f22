// What is known of one trained arm, as one small file: its measurements, and how its training went. Where a record has all that is wanted, neither the
// training nor the model is needed again, so records can be kept when run folders are not.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { curveOf, type Figures } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { stabilityOf, type Stability } from './stability.js';

/** How a training went. */
export interface Training {
  stability: Stability | undefined;
  /** Tells its settings from others. */
  settings: string;
  /** Logged losses: [images seen, nats]. */
  losses: readonly (readonly [number, number])[];
  /** What ended it early, where it diverged. */
  diverged?: string;
}

interface Content {
  /** SHA-256 of the generator that the arm goes on from; absent in records of older versions, which take the first that they meet. */
  start?: string;
  training?: Training;
  measurements: Record<string, Figures>;
}

/** The record of one model. */
export class ArmRecord {
  readonly #content: Content;

  /**
   * @param start SHA-256 of the generator that the arm goes on from
   * @throws UsageError where the file holds what became of another one
   */
  constructor(
    readonly path: string,
    start: string,
  ) {
    const content = existsSync(path) ? read(path) : { measurements: {} };
    if (content.start !== undefined && content.start !== start)
      throw new UsageError(`${path}: expected a record of the generator ${start.slice(0, 16)}…, found one of ${content.start.slice(0, 16)}…; choose another folder with --out, or remove the record`); // prettier-ignore
    this.#content = { ...content, start };
  }

  get training(): Training | undefined {
    return this.#content.training;
  }

  measurement(key: string): Figures | undefined {
    return this.#content.measurements[key];
  }

  /** @throws UsageError where the training that it tells of had other settings */
  expectSettings(settings: string): void {
    if (this.training && this.training.settings !== settings)
      throw new UsageError(`${this.path}: expected a record of a training of today's settings, found one of others; choose another folder with --out, or remove the record and its run folder`); // prettier-ignore
  }

  /** Keeps how the training in a run folder went. */
  keepTraining(run: string, settings: string, diverged?: string): void {
    const losses = curveOf(run, 'loss', 'loss').points;
    this.#content.training = {
      stability: stabilityOf(run),
      settings,
      losses,
      ...(diverged !== undefined && { diverged }),
    };
    this.#write();
  }

  keep(key: string, figures: Figures): void {
    this.#content.measurements[key] = figures;
    this.#write();
  }

  #write(): void {
    writeFileAtomic(this.path, `${JSON.stringify(this.#content, asWord)}\n`);
  }
}

/** JSON has no numbers for these: records hold them as words. */
const words = ['NaN', 'Infinity', '-Infinity'];

function asWord(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** The number of a word, and of `null`, as older records have it. */
function fromWord(_: string, value: unknown): unknown {
  if (value === null) return NaN;
  return typeof value === 'string' && words.includes(value) ? Number(value) : value;
}

function read(path: string): Content {
  try {
    return JSON.parse(
      explainIo(path, () => readFileSync(path, 'utf8')),
      fromWord,
    ) as Content;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`${path}: expected the record of a model as JSON, found something else; delete it to measure again`); // prettier-ignore
  }
}

/** Where the record of an arm, or of the pretrained generator (`before`), of a ground lies. */
export function recordPath(out: string, ground: string, key: string): string {
  return join(out, 'records', ground, `${key}.json`);
}
