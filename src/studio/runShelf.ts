// The trainings below the folder that a studio was opened on. Requests name them by ids that are looked up among those found; an id never
// becomes a path.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { findRuns, readRun, type RunSummary } from '../train/runs.js';
import { UsageError } from '../util/errors.js';
import type { Run, RunDetails, RunSample } from './api/index.js';
import { notFound, StudioError } from './errors.js';

/** Milliseconds that what was read counts as new: many readers cost one reading. */
const fresh = 1000;

const sampleName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|webp)$/;

/** A training as it was read. */
export interface ShelvedRun {
  id: string;
  name: string;
  summary: RunSummary;
}

const finite = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown) => (typeof value === 'string' ? value : null);

/** The trainings of one folder. */
export class RunShelf {
  readonly #root: string | undefined;
  #paths = new Map<string, string>();
  #foundAt = -Infinity;
  readonly #read = new Map<string, { at: number; summary: RunSummary }>();

  /** @param root the folder; without one there are no trainings */
  constructor(root: string | undefined) {
    this.#root = root === undefined ? undefined : resolve(root);
  }

  #nameOf(path: string): string {
    const within = relative(this.#root!, path).split(sep).join('/');
    return within === '' ? basename(path) : within;
  }

  /** A sentence without the place of the folder on this machine. */
  #said(error: string): string {
    return error.replaceAll(`${this.#root}${sep}`, '').replaceAll(this.#root!, basename(this.#root!));
  }

  /** Looks for run folders, unless that was done just now. */
  #find(): void {
    if (this.#root === undefined || Date.now() - this.#foundAt < fresh) return;
    const idOf = (path: string) => createHash('sha256').update(relative(this.#root!, path)).digest('hex').slice(0, 16);
    this.#paths = new Map(findRuns(this.#root).map((path) => [idOf(path), path]));
    this.#foundAt = Date.now();
    for (const id of this.#read.keys()) if (!this.#paths.has(id)) this.#read.delete(id);
  }

  #readAt(id: string, path: string): ShelvedRun {
    let known = this.#read.get(id);
    if (!known || Date.now() - known.at >= fresh) {
      known = { at: Date.now(), summary: readRun(path) };
      this.#read.set(id, known);
    }
    return { id, name: this.#nameOf(path), summary: known.summary };
  }

  /** All that can be read, the one written last first, and a sentence on each of the others. */
  all(): { runs: ShelvedRun[]; problems: string[] } {
    const [runs, problems]: [ShelvedRun[], string[]] = [[], []];
    const attempt = (read: () => void) => {
      try {
        read();
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        problems.push(this.#said(error.message));
      }
    };
    attempt(() => { this.#find(); }); // prettier-ignore
    for (const [id, path] of this.#paths) attempt(() => runs.push(this.#readAt(id, path)));
    runs.sort((a, b) => b.summary.written.getTime() - a.summary.written.getTime());
    return { runs, problems };
  }

  /** One of them. @throws StudioError 404 where there is none of that id, 409 where it cannot be read */
  find(id: string): ShelvedRun {
    try {
      if (!this.#paths.has(id)) this.#find();
      const path = this.#paths.get(id);
      if (path !== undefined && lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
        return this.#readAt(id, path);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new StudioError('conflict', this.#said(error.message), { code: 'unreadable_run' });
    }
    throw notFound('run', id);
  }

  /** As it stands in the list. */
  describe({ id, name, summary }: ShelvedRun): Run {
    const { kind, family = null, state, config, imagesSeen, images, last, written, bytes } = summary;
    const loss = finite(last?.['loss']);
    return { id, name, kind, family, state, data: text(config['data']), imagesSeen, images, loss, written: written.toISOString(), bytes }; // prettier-ignore
  }

  /** With its settings and checkpoints. */
  details(run: ShelvedRun): RunDetails {
    const { config, checkpoints, problems, host = null } = run.summary;
    return {
      ...this.describe(run),
      config,
      checkpoints: checkpoints.map(({ path, bytes, clock, kept = false, problem }) => ({
        id: basename(path),
        imagesSeen: clock?.imagesSeen ?? null,
        bytes,
        kept,
        problem: problem === undefined ? null : this.#said(problem),
      })),
      problems: problems.map((one) => this.#said(one)),
      host,
    };
  }
}

/** The grids of samples of a run folder, oldest first; links are left out, since they may lead anywhere. */
export function samplesOf({ summary }: ShelvedRun): RunSample[] {
  const folder = join(summary.path, 'samples');
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && sampleName.test(entry.name))
    .map(({ name }) => ({ name, step: Number(/(\d{1,15})\.\w+$/.exec(name)?.[1] ?? NaN) }))
    .map(({ name, step }) => ({ name, step: Number.isNaN(step) ? null : step }))
    .sort((a, b) => (a.step ?? -1) - (b.step ?? -1) || a.name.localeCompare(b.name));
}

/** The bytes of one of them. @throws StudioError 404 */
export function sampleBytes(run: ShelvedRun, name: string): Buffer {
  const found = samplesOf(run).find((one) => one.name === name);
  if (!found) throw notFound('sample', name);
  return readFileSync(join(run.summary.path, 'samples', found.name));
}
