// The models of a studio: where they come from, and what a worker found out about each.
import { basename, dirname } from 'node:path';
import { nearestNames } from '../util/suggest.js';
import type { Model } from './api/index.js';
import { StudioError } from './errors.js';
import { fateOf } from './fileStamp.js';
import type { Described, ModelSource } from './worker/messages.js';

/** A model with what only the server is to know. */
export interface KnownModel extends Described {
  id: string;
  /** As it was asked for; `source` has the very files. */
  asked: ModelSource;
}

/** A short name of weights: of a run folder, a file, or a checkpoint with its run's before it. */
function nameOf({ generator }: ModelSource): string {
  const isCheckpoint = /^step-\d+$/.test(basename(generator)) && basename(dirname(generator)) === 'checkpoints';
  const name = isCheckpoint
    ? `${basename(dirname(dirname(generator)))}-${basename(generator)}`
    : basename(generator).replace(/\.(safetensors|pth)$/, '');
  return name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 80) || 'model'; // prettier-ignore
}

/** Models by their names. */
export class ModelRegistry {
  readonly #models = new Map<string, KnownModel>();
  /** Being looked at, by where they come from. */
  readonly #coming = new Map<string, Promise<KnownModel>>();

  constructor(
    /** Has a worker look at a model. */
    readonly describe: (source: ModelSource) => Promise<Described>,
    /** How many there may be. */
    readonly most = 100,
  ) {}

  /** Adds a model; one that is there already, or is being added, is not added again unless its files were replaced. @throws StudioError where it cannot be loaded */
  add(source: ModelSource): Promise<KnownModel> {
    const from = JSON.stringify([source.generator, source.tokenizer]);
    const same = this.all().find(
      ({ asked, source: found }) =>
        JSON.stringify([asked.generator, asked.tokenizer]) === from && fateOf(found) !== 'replaced',
    );
    if (same) return Promise.resolve(same);
    const coming = this.#coming.get(from) ?? this.#load(source).finally(() => this.#coming.delete(from));
    this.#coming.set(from, coming);
    return coming;
  }

  async #load(source: ModelSource): Promise<KnownModel> {
    if (this.#models.size >= this.most)
      throw new StudioError('conflict', `models: there are ${this.most}, and more are not taken; open the studio anew`);
    const described = await this.describe(source);
    const name = nameOf(source);
    let id = name;
    for (let i = 2; this.#models.has(id); i++) id = `${name}-${i}`;
    const model = { ...described, id, asked: source };
    this.#models.set(id, model);
    return model;
  }

  /** All of them, in the order in which they came. */
  all(): readonly KnownModel[] {
    return [...this.#models.values()];
  }

  /** The model of a name, or the first one without a name. @throws StudioError 404 */
  find(id: string | undefined, param: string): KnownModel {
    const found = id === undefined ? this.all()[0] : this.#models.get(id);
    if (found) return found;
    if (id === undefined) throw new StudioError('unavailable', 'models: none is loaded yet; try again in a moment', { retryAfter: 1 }); // prettier-ignore
    const near = nearestNames(id, [...this.#models.keys()], 5);
    throw new StudioError('not_found', `${param}: there is no model '${id}'; there are ${near.join(', ')}`, {
      param,
      code: 'model_not_found',
    });
  }
}

/** A model as the contract has it. */
export function modelAnswer({ id, created, details }: KnownModel): Model {
  return { id, object: 'model', created, owned_by: 'scalewise', scalewise: details };
}
