// The results below the folder that a studio was opened on, and those that come with Scalewise. Requests name them by ids that are looked up
// among those found, and their files by names that are looked up in the folder; neither becomes a path.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../util/errors.js';
import type { Experiment, ExperimentDetails, ExperimentFile, ExperimentResults } from './api/index.js';
import { notFound, StudioError } from './errors.js';
import { isInPlace } from './links.js';
import { nextLook } from './nextLook.js';
import { readAnalysis } from './results/analyses.js';
import { readArms } from './results/arms.js';
import { readReport, type ReportText } from './results/reportText.js';
import { readSweep } from './results/sweep.js';

/** Levels that a search goes down; bytes of a file that is read. */
const [deepest, mostBytes] = [6, 32 * 2 ** 20];

const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|svg|html|md|json|csv)$/;

/** The numbers of each kind of results, and what reads them. */
const readers: Readonly<Record<string, (text: string) => { results: ExperimentResults; said: string }>> = {
  'results.json': (text) => readArms(JSON.parse(text)),
  'values.json': (text) => readAnalysis(JSON.parse(text)),
  'sweep.csv': readSweep,
};

interface Found {
  path: string;
  /** The folder that it was found in. */
  root: string;
  name: string;
  place: Experiment['place'];
  /** Name of the file with its numbers. */
  numbers: string;
}

interface Read extends ReportText {
  mark: string;
  results: ExperimentResults;
  said: string;
  written: Date;
}

/** Folders that hold much and no results. */
const isPassedOver = (name: string) => name.startsWith('.') || ['node_modules', 'checkpoints', 'samples', 'points', 'records'].includes(name); // prettier-ignore

/** The folders with results in a folder; links are not followed, since they may lead anywhere, and trainings have none. */
function search(folder: string, visit: (path: string, numbers: string) => void, depth = 0): void {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return; // it went away, or is closed to us
  }
  const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  const numbers = files.has('report.md') ? Object.keys(readers).find((name) => files.has(name)) : undefined;
  if (numbers !== undefined) visit(folder, numbers);
  if (depth === deepest || files.has('metrics.jsonl')) return;
  for (const entry of entries)
    if (entry.isDirectory() && !isPassedOver(entry.name)) search(join(folder, entry.name), visit, depth + 1);
}

/** A sentence on what a file has that is not expected. */
function complaint(error: unknown): string {
  if (error instanceof SyntaxError) return 'expected JSON, found something else';
  if (error instanceof z.ZodError) return `expected the numbers of an experiment, found another value at '${error.issues[0]!.path.join('.')}'`; // prettier-ignore
  if (error instanceof UsageError) return error.message;
  throw error;
}

/** The results of a studio. */
export class ExperimentShelf {
  readonly #places: readonly { root: string; place: Experiment['place'] }[];
  #found = new Map<string, Found>();
  #findAfter = -Infinity;
  readonly #read = new Map<string, Read>();

  /** @param project the folder of the results that come with Scalewise */
  constructor(root: string | undefined, project: string | undefined) {
    const places = [{ root, place: 'folder' as const }, { root: project, place: 'project' as const }]; // prettier-ignore
    this.#places = places.flatMap(({ root, place }) => (root === undefined ? [] : [{ root: resolve(root), place }]));
  }

  #find(): void {
    const begun = Date.now();
    if (begun < this.#findAfter) return;
    const found = new Map<string, Found>();
    const paths = new Set<string>();
    for (const { root, place } of this.#places)
      search(root, (path, numbers) => {
        if (paths.has(path)) return; // the opened folder holds those of the project
        paths.add(path);
        const within = relative(root, path).split(sep).join('/');
        const id = createHash('sha256').update(`${place}:${within}`).digest('hex').slice(0, 16);
        found.set(id, { path, root, name: within || basename(path), place, numbers });
      });
    this.#found = found;
    this.#findAfter = nextLook(begun);
    for (const id of this.#read.keys()) if (!found.has(id)) this.#read.delete(id);
  }

  /** A file's bytes. @throws StudioError 404 where it is no plain file of the folder, 409 where it is too large */
  #bytes(found: Found, name: string): Buffer {
    const path = join(found.path, name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status?.isFile() || realpathSync(path) !== join(realpathSync(found.path), name)) throw notFound('file', name);
    if (status.size > mostBytes)
      throw new StudioError('conflict', `${found.name}/${name}: it has more than ${mostBytes / 2 ** 20} MiB; look at it in its folder`); // prettier-ignore
    return readFileSync(path);
  }

  #look(id: string, found: Found): Read {
    const [status, ofReport] = [found.numbers, 'report.md'].map((name) => lstatSync(join(found.path, name), { throwIfNoEntry: false })); // prettier-ignore
    const mark = [status, ofReport].map((one) => `${one?.mtimeMs} ${one?.size}`).join();
    const known = this.#read.get(id);
    if (known?.mark === mark) return known;
    const text = this.#bytes(found, found.numbers).toString('utf8');
    try {
      const written = new Date(status?.mtimeMs ?? 0);
      const report = readReport(this.#bytes(found, 'report.md').toString('utf8'));
      const read = { mark, written, ...report, ...readers[found.numbers]!(text) };
      this.#read.set(id, read);
      return read;
    } catch (error) {
      if (error instanceof StudioError) throw error;
      throw new StudioError('conflict', `${found.name}/${found.numbers}: ${complaint(error)}`, { code: 'unreadable_experiment' }); // prettier-ignore
    }
  }

  #describe(id: string, { name, place }: Found, { title, results, said, written }: Read): Experiment {
    return { id, name, title: title ?? name, kind: results.kind, said, place, written: written.toISOString() };
  }

  /** All that can be read, and a sentence on each of the others. */
  all(): { experiments: Experiment[]; problems: string[] } {
    this.#find();
    const [experiments, problems]: [Experiment[], string[]] = [[], []];
    for (const [id, found] of this.#found)
      try {
        experiments.push(this.#describe(id, found, this.#look(id, found)));
      } catch (error) {
        if (!(error instanceof StudioError)) throw error;
        problems.push(error.message);
      }
    const place = (one: Experiment) => (one.place === 'folder' ? 0 : 1);
    const order = (a: Experiment, b: Experiment) =>
      a.place === 'project' ? a.name.localeCompare(b.name) : b.written.localeCompare(a.written); // a checkout's dates say nothing
    experiments.sort((a, b) => place(a) - place(b) || order(a, b));
    return { experiments, problems };
  }

  #at(id: string): Found {
    if (!this.#found.has(id)) this.#find();
    const found = this.#found.get(id);
    if (found && isInPlace(found.root, found.path)) return found;
    throw notFound('experiment', id);
  }

  /** One of them. @throws StudioError 404 where there is none of that id, 409 where it cannot be read */
  details(id: string): ExperimentDetails {
    const found = this.#at(id);
    const read = this.#look(id, found);
    const { about, command, results } = read;
    return { ...this.#describe(id, found, read), about, command, results, files: this.#files(found) };
  }

  #files({ path }: Found): ExperimentFile[] {
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile() && fileName.test(entry.name)); // prettier-ignore
    return names
      .map(({ name }) => ({ name, bytes: lstatSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0 }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The bytes of a file of one of them. @throws StudioError 404, 409 */
  file(id: string, name: string): Buffer {
    const found = this.#at(id);
    if (!this.#files(found).some((one) => one.name === name)) throw notFound('file', name);
    return this.#bytes(found, name);
  }
}
