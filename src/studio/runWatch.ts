// A training told to somebody who watches it: its records in pieces, as fast as they are taken, and its state and samples whenever they change.
import { join } from 'node:path';
import { StudioError } from './errors.js';
import { samplesOf } from './runSamples.js';
import type { RunShelf, ShelvedRun } from './runShelf.js';
import { RunTail } from './runTail.js';
import type { EventStream } from './server/sse.js';

/** Looks at the records between those at all of the folder. */
const rests = 6;

/** Tells a stream of what changes in a run. */
export class RunWatch {
  readonly #tail: RunTail;
  readonly #told = new Map<string, string>();
  #looks = 0;

  /** @param heard the mark of the last records that the stream's reader heard, where it did */
  constructor(
    readonly shelf: RunShelf,
    readonly run: ShelvedRun,
    readonly stream: EventStream,
    heard: string | undefined,
  ) {
    this.#tail = new RunTail(join(run.glance.path, 'metrics.jsonl'));
    if (heard !== undefined && heard !== '') this.#tail.resume(heard);
  }

  /** Looks once more; where the run is gone the stream ends, and whoever comes back is told so. */
  look(): void {
    try {
      this.#look();
    } catch (error) {
      if (!(error instanceof StudioError)) process.stderr.write(`studio: ${this.run.name}: ${String(error)}\n`);
      this.stream.end();
    }
  }

  #look(): void {
    if (this.stream.isFull) return; // it goes on by itself
    const hasNews = this.#tellRecords();
    if (this.#tail.isBehind) {
      this.stream.onceDrained(() => { this.look(); }); // prettier-ignore
      return;
    }
    if (this.#looks++ % rests !== 0 && !hasNews) return;
    const run = this.shelf.find(this.run.id);
    this.#tell('state', this.shelf.describe(run));
    this.#tell('samples', samplesOf(run));
  }

  #tellRecords(): boolean {
    let hasNews = false;
    do {
      const news = this.#tail.next();
      if (!news) continue;
      hasNews = true;
      this.stream.send('records', JSON.stringify(news), this.#tail.mark);
    } while (this.#tail.isBehind && !this.stream.isFull);
    return hasNews;
  }

  #tell(name: string, value: unknown): void {
    const data = JSON.stringify(value);
    if (this.#told.get(name) !== data) this.stream.send(name, data);
    this.#told.set(name, data);
  }
}
