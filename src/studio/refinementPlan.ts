// From a request to the command that refines: what is refined, on which images, into which folder. Only names that the studio itself knows
// become paths.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { cacheState } from '../data/package.js';
import { packagedData } from '../data/open.js';
import type { RefinementData, RefinementOptions, RefinementRequest, SettingField } from './api/index.js';
import { notFound, refuse } from './errors.js';
import type { ModelRegistry } from './models.js';
import type { RunShelf } from './runShelf.js';

/** How refinements are run. */
export interface RefinementSettings {
  /** The program, with `refine` and its flags to follow. */
  program: readonly string[];
  device: string;
  /** Threads of an operator; 0 for one a core. */
  threads: number;
  /** Folders of images besides the packaged data sets. */
  data: readonly string[];
  /** How many may run at a time. */
  most: number;
}

/** What is refined, and what it is called. */
interface Source {
  generator: string;
  tokenizer?: string | undefined;
  from: string;
}

const hashed = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits);

/** The images that may be trained on, with what the command line calls them. */
function dataChoices({ data }: RefinementSettings): (RefinementData & { given: string })[] {
  const packaged = packagedData.map((one) => ({ id: one.name, name: one.name, ready: cacheState(one).state === 'whole', given: one.name })); // prettier-ignore
  const folders = data.map((path) => ({ id: `folder-${hashed(resolve(path), 8)}`, name: basename(resolve(path)), ready: existsSync(path), given: resolve(path) })); // prettier-ignore
  return [...packaged, ...folders];
}

/** Why no refinement can be started in a folder; null where one can. */
function closedReason(root: string | undefined, { most }: RefinementSettings): string | null {
  if (most === 0) return 'Refinements are switched off: the studio was started with --refinements 0.';
  if (root === undefined) return 'The studio was opened on no folder, and a training needs one: start it with the folder of your runs, e.g. `scalewise studio runs`.'; // prettier-ignore
  if (['metrics.jsonl', 'checkpoints'].some((name) => existsSync(join(root, name)))) return 'The studio was opened on one run, and another needs a folder beside it: open the folder above.'; // prettier-ignore
  return null;
}

const isPackaged = (name: string) => packagedData.some((one) => one.name === name);

function dataFor(request: RefinementRequest, settings: RefinementSettings): string {
  const choices = dataChoices(settings);
  const found = choices.find(({ id }) => id === request.data);
  if (!found)
    throw refuse('data', `data: expected one of ${choices.map(({ id }) => id).join(', ')}, found ${JSON.stringify(request.data)}; other folders are allowed by \`scalewise studio --data FOLDER\``); // prettier-ignore
  if (!found.ready)
    throw refuse('data', `data: ${found.name} is not on this machine; ${isPackaged(found.name) ? `run \`scalewise data get ${found.name}\`` : 'put the folder back'}, and ask again`); // prettier-ignore
  return found.given;
}

/** A checkpoint's folder of a run. @throws StudioError 404 */
function checkpointOf(run: string, checkpoint: string): string {
  const path = join(run, 'checkpoints', checkpoint);
  if (/^step-\d{1,15}$/.test(checkpoint) && lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw notFound('checkpoint', checkpoint);
}

function sourceOf({ model, run, checkpoint }: RefinementRequest, models: ModelRegistry, runs: RunShelf): Source {
  if ((model === undefined) === (run === undefined))
    throw refuse('model', 'model: expected a model to refine, or else a run');
  if (run === undefined) {
    if (checkpoint !== undefined) throw refuse('checkpoint', 'checkpoint: a model has none; give its run instead');
    const { source, id } = models.find(model, 'model');
    const { generator, tokenizer } = source;
    const absolute = (path: string) => (existsSync(path) ? resolve(path) : path); // a pulled name is no path
    return { generator: absolute(generator), ...(tokenizer !== undefined && { tokenizer: absolute(tokenizer) }), from: id }; // prettier-ignore
  }
  const { name, glance } = runs.find(run);
  if (glance.kind === 'tokenizer') throw refuse('run', `run: ${name} trained a tokenizer, and only generators are refined`); // prettier-ignore
  if (checkpoint === undefined) return { generator: resolve(glance.path), from: name };
  return { generator: resolve(checkpointOf(glance.path, checkpoint)), from: `${name}, ${checkpoint}` };
}

/** Settings as `--set` takes them. */
export function assignmentsOf({ set }: RefinementRequest): string[] {
  return Object.entries(set).map(([path, value]) => `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`); // prettier-ignore
}

/** Refuses settings that are not among those that may be given. */
export function refuseOthers({ set }: RefinementRequest, fields: readonly SettingField[]): void {
  const other = Object.keys(set).find((path) => !fields.some((field) => field.path === path));
  if (other === undefined) return;
  throw refuse(`set.${other}`, `set.${other}: the studio settles it, or it holds several settings, which are given one by one; GET /api/refinements/options lists those`); // prettier-ignore
}

/** A folder's name of a name for people. */
function slugOf(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, ''); // prettier-ignore
  return plain.slice(0, 40) || 'refinement';
}

/** A refinement as it is started. */
export interface RefinementPlan {
  command: readonly string[];
  /** The run folder: the same request means the same one, and goes on with what it holds. */
  out: string;
  from: string;
}

/** @throws StudioError where the request names what is not there */
export function planRefinement(
  request: RefinementRequest,
  settings: RefinementSettings,
  root: string,
  { models, runs }: { models: ModelRegistry; runs: RunShelf },
): RefinementPlan {
  const { generator, tokenizer, from } = sourceOf(request, models, runs);
  const data = dataFor(request, settings);
  const chosen = assignmentsOf(request);
  const asked = ['--preset', request.preset, '--generator', generator, ...(tokenizer === undefined ? [] : ['--tokenizer', tokenizer]), '--data', data, ...chosen.flatMap((one) => ['--set', one])]; // prettier-ignore
  const out = join(resolve(root), `${slugOf(request.name)}-${hashed(JSON.stringify(asked), 6)}`);
  const threads = Object.hasOwn(request.set, 'threads') ? [] : ['--threads', String(settings.threads)];
  const command = [...settings.program, 'refine', ...asked, '--device', settings.device, ...threads, '--out', out];
  return { command, out, from };
}

/** What the form needs, but for what a worker tells. */
export function openOptions(
  root: string | undefined,
  settings: RefinementSettings,
): Pick<RefinementOptions, 'data' | 'most' | 'closed'> {
  const data = dataChoices(settings).map(({ id, name, ready }) => ({ id, name, ready }));
  return { data, most: settings.most, closed: closedReason(root, settings) };
}
