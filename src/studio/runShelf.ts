// The trainings below the folder that a studio was opened on. Requests name them by ids that are looked up among those found; an id never
// becomes a path. What was read is kept until the files change, so that many who watch cost little.
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { lastJsonLine } from '../formats/index.js';
import { settingsThatDiffer } from '../train/compareRuns.js';
import type { MetricsRecord } from '../train/runFolder.js';
import { findRuns, glanceAtRun, type RunGlance } from '../train/runs.js';
import { writerOf } from '../train/runWriter.js';
import { UsageError } from '../util/errors.js';
import type { Run, RunDetails, SettingDifference } from './api/index.js';
import { notFound, StudioError } from './errors.js';
import { isInPlace, linksOut } from './links.js';
import { nextLook } from './nextLook.js';
import { Places } from './places.js';
import { isRecord, RunTail } from './runTail.js';

/** Milliseconds after which it is read again though its files look the same. */
const stale = 30_000;
/** Milliseconds that others may have to wait while many are read. */
const turn = 20;

/** A training as it was read. */
export interface ShelvedRun {
  id: string;
  name: string;
  glance: RunGlance;
}

/** What is known of a run, and when that was looked at. */
interface Known {
  stamp: string;
  readAt: number;
  lookAfter: number;
  glance: RunGlance;
  /** Finds the broken lines of its metrics, once somebody asks for them. */
  tail?: RunTail;
}

const finite = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown) => (typeof value === 'string' ? value : null);
const isMetrics = (value: unknown): value is MetricsRecord => isRecord(value);

/** What of a run is read by its name. Samples are listed, and those that are links are left out. */
const partNames = ['config.json', 'metrics.jsonl', 'checkpoints', 'samples', 'tokenizer.safetensors'];
const isReadOf = (within: string) => partNames.includes(within) || within.startsWith(`checkpoints${sep}`);

/** What changes when a run is written to: the sizes and times of what tells of it, and whether somebody has it open. */
function stampOf(path: string): string {
  const parts = ['.', ...partNames].map((name) => {
    const found = lstatSync(join(path, name), { throwIfNoEntry: false });
    return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : '';
  });
  return [...parts, writerOf(path)?.isOpen].join();
}

/** The id of a run folder below another folder, whether it is there by now or not; both are absolute. */
export function idOfRun(root: string, path: string): string {
  return createHash('sha256').update(relative(root, path)).digest('hex').slice(0, 16);
}

/** The trainings of one folder. */
export class RunShelf {
  readonly places: Places;
  readonly #root: string | undefined;
  #paths = new Map<string, string>();
  #findAfter = -Infinity;
  readonly #known = new Map<string, Known>();

  /** @param root the folder; without one there are no trainings */
  constructor(root: string | undefined) {
    this.#root = root === undefined ? undefined : resolve(root);
    this.places = new Places(root);
  }

  /** Looks for run folders, unless that was done just now. */
  #find(): void {
    const begun = Date.now();
    if (this.#root === undefined || begun < this.#findAfter) return;
    this.#paths = new Map(findRuns(this.#root).map((path) => [idOfRun(this.#root!, path), path]));
    this.#findAfter = nextLook(begun);
    for (const id of this.#known.keys()) if (!this.#paths.has(id)) this.#known.delete(id);
  }

  #readAt(id: string, path: string): ShelvedRun {
    const begun = Date.now();
    let known = this.#known.get(id);
    if (!known || begun >= known.lookAfter) {
      const stamp = stampOf(path);
      if (known?.stamp !== stamp || begun - known.readAt >= stale) {
        const link = linksOut(this.#root!, path, 2).find((one) => isReadOf(relative(path, one)));
        if (link !== undefined) throw new UsageError(`${link}: a link that leads out of the opened folder, which the studio does not follow; open the folder above both, or put what it leads to in its place`); // prettier-ignore
        const glance = glanceAtRun(path, (file) => lastJsonLine(file, isMetrics));
        known = { stamp, readAt: begun, lookAfter: 0, glance, ...(known?.tail && { tail: known.tail }) };
        this.#known.set(id, known);
      }
      known.lookAfter = nextLook(begun);
    }
    return { id, name: this.places.nameOf(path), glance: known.glance };
  }

  /** All that can be read, the one written last first, and a sentence on each of the others. */
  async all(): Promise<{ runs: Run[]; problems: string[] }> {
    const [runs, problems]: [Run[], string[]] = [[], []];
    const attempt = (read: () => void) => {
      try {
        read();
      } catch (error) {
        problems.push(this.#sentenceOf(error));
      }
    };
    attempt(() => { this.#find(); }); // prettier-ignore
    let begun = Date.now();
    for (const [id, path] of this.#paths) {
      attempt(() => runs.push(this.describe(this.#readAt(id, path))));
      if (Date.now() - begun < turn) continue;
      await setImmediate();
      begun = Date.now();
    }
    runs.sort((a, b) => b.written.localeCompare(a.written));
    return { runs, problems };
  }

  /** What to say of a folder that cannot be read; other errors are thrown on. */
  #sentenceOf(error: unknown): string {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UsageError || code !== undefined) return this.places.said((error as Error).message);
    throw error;
  }

  /** One of them. @throws StudioError 404 where there is none of that id, 409 where it cannot be read */
  find(id: string): ShelvedRun {
    try {
      if (!this.#paths.has(id)) this.#find();
      const path = this.#paths.get(id);
      if (path !== undefined && isInPlace(this.#root!, path)) return this.#readAt(id, path);
    } catch (error) {
      throw new StudioError('conflict', this.#sentenceOf(error), { code: 'unreadable_run' });
    }
    throw notFound('run', id);
  }

  /** As it stands in the list. */
  describe({ id, name, glance }: ShelvedRun): Run {
    const { kind, family = null, state, config, imagesSeen, images, last, written, bytes } = glance;
    const loss = finite(last?.['loss']);
    const data = text(this.places.shown(config['data']));
    return { id, name, kind, family, state, data, imagesSeen, images, loss, written: written.toISOString(), bytes };
  }

  /** With its settings and checkpoints. */
  details(run: ShelvedRun): RunDetails {
    const { config, checkpoints, problems, host = null } = run.glance;
    return {
      ...this.describe(run),
      config: this.places.shown(config) as Record<string, unknown>,
      checkpoints: checkpoints.map(({ path, bytes, clock, kept = false, problem }) => ({
        id: basename(path),
        imagesSeen: clock?.imagesSeen ?? null,
        bytes,
        kept,
        problem: problem === undefined ? null : this.places.said(problem),
      })),
      problems: [...this.#brokenLines(run), ...problems].map((one) => this.places.said(one)),
      host,
    };
  }

  #brokenLines({ id, glance }: ShelvedRun): string[] {
    const tail = (this.#known.get(id)!.tail ??= new RunTail(join(glance.path, 'metrics.jsonl')));
    do tail.next();
    while (tail.isBehind);
    return tail.problems;
  }

  /** The settings that some trainings do not share. */
  difference(runs: readonly ShelvedRun[]): SettingDifference[] {
    return settingsThatDiffer(runs.map(({ glance }) => glance)).map(({ setting, values }) => ({
      setting,
      values: values.map((value) => this.places.shown(value ?? null)),
    }));
  }

  /** The path of a checkpoint of a training, to draw with. @throws StudioError 404, and 409 where it holds no generator or is damaged */
  generatorOf({ name, glance }: ShelvedRun, id: string): string {
    const found = glance.checkpoints.find(({ path }) => basename(path) === id);
    if (!found) throw notFound('checkpoint', id);
    if (glance.kind === 'tokenizer')
      throw new StudioError('conflict', `${name}: it trains a tokenizer, and images are drawn by generators; choose a run of one`, { code: 'no_generator' }); // prettier-ignore
    if (found.problem === undefined) return found.path;
    throw new StudioError('conflict', this.places.said(found.problem), { code: 'damaged_checkpoint' });
  }
}
