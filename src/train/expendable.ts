// Writing that training can do without, such as metrics on a disk that is full: it is told of once, and training goes on.
import { UsageError } from '../util/errors.js';

/** Guards one kind of writing, which is tried anew at every call. */
export class Expendable {
  #failing = false;

  /**
   * @param what what is written, as a sentence names it, e.g. `metrics`
   * @param say told once when writing begins to fail, and once when it works again
   */
  constructor(
    readonly what: string,
    readonly say: (line: string) => void,
  ) {}

  /** Writes; whether it worked. Only what the disk refuses is forgiven (`explainIo`'s sentences): faults of ours are thrown. */
  attempt(write: () => void): boolean {
    try {
      write();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (!this.#failing) this.say(`${this.what} cannot be written, training goes on without: ${error.message}`);
      this.#failing = true;
      return false;
    }
    if (this.#failing) this.say(`${this.what} can be written again`);
    this.#failing = false;
    return true;
  }
}
