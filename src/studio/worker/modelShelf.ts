// The models that a worker holds: loaded when they are first asked for, the one that was not used for longest put away when there are too many.
import { loadModels, type Models } from '../../recipes/index.js';
import type { ModelSource, WorkerSettings } from './messages.js';

const nameOf = ({ generator, tokenizer = '' }: ModelSource) => `${generator}\n${tokenizer}`;

/** Models by where they come from. */
export class ModelShelf {
  readonly #models = new Map<string, Models>();

  constructor(readonly settings: WorkerSettings) {}

  /** A model; @throws UsageError where it cannot be loaded. Not to be kept across calls. */
  take(source: ModelSource): Models {
    const name = nameOf(source);
    const found = this.#models.get(name) ?? loadModels(source.generator, source.tokenizer, this.settings.device);
    this.#models.delete(name);
    this.#models.set(name, found); // the newest is last
    for (const [oldest, models] of this.#models) {
      if (this.#models.size <= this.settings.keep) break;
      this.#models.delete(oldest);
      models.generator.dispose();
      models.tokenizer.dispose();
    }
    return found;
  }
}
