// The models that a worker holds: loaded when they are first asked for, the one that was not used for longest put away when there are too many.
// A model that was described is its files as they were then: with other files in their places it is refused, since its images would not be its own.
import { fingerprint, loadModels, markOf, type Models } from '../../recipes/index.js';
import { UsageError } from '../../util/errors.js';
import { fateOf } from '../fileStamp.js';
import type { Described, ModelSource, SeenFiles, WorkerSettings } from './messages.js';

const nameOf = ({ generator, tokenizer = '' }: ModelSource) => `${generator}\n${tokenizer}`;

/** A model whose files are not those any more that it was described by. */
export class ModelChanged extends UsageError {
  override name = 'ModelChanged';

  constructor({ name }: SeenFiles, how: string) {
    super(`model: the files of ${name} were ${how} after the studio took it up; open the studio anew`);
  }
}

/** Hashes that tell weights and codes from others. */
export function marksOf({ generator, tokenizer }: Pick<Models, 'generator' | 'tokenizer'>): Described['marks'] {
  return { weights: markOf([generator.head.weight_OI]), tokenizer: fingerprint(tokenizer) };
}

/** Models by where they come from. */
export class ModelShelf {
  readonly #models = new Map<string, Models>();

  constructor(readonly settings: WorkerSettings) {}

  /** A model; @throws UsageError where it cannot be loaded, ModelChanged where it is not what it was. Not to be kept across calls. */
  take(source: ModelSource): Models {
    const fate = fateOf(source);
    const name = nameOf(source);
    const held = this.#models.get(name);
    // what is gone stays what it was for those who hold it: trainings remove their old checkpoints
    if (fate === 'replaced' || (fate === 'removed' && !held))
      throw new ModelChanged(source.seen!, fate === 'replaced' ? 'written anew' : 'removed');
    const found = held ?? this.#load(source);
    this.#models.delete(name);
    this.#models.set(name, found); // the newest is last
    for (const [oldest, models] of this.#models) {
      if (this.#models.size <= this.settings.keep) break;
      this.#models.delete(oldest);
      dispose(models);
    }
    return found;
  }

  #load({ generator, tokenizer, seen }: ModelSource): Models {
    const models = loadModels(generator, tokenizer, this.settings.device);
    const { weights, tokenizer: codes } = marksOf(models);
    if (!seen || (seen.marks.weights === weights && seen.marks.tokenizer === codes)) return models;
    dispose(models);
    throw new ModelChanged(seen, 'written anew');
  }
}

function dispose({ generator, tokenizer }: Models): void {
  generator.dispose();
  tokenizer.dispose();
}
