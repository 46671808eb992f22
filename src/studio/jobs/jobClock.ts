// How long jobs were computed: the time in which a batch with images of theirs is in a worker's hands. What they wait between batches is not counted.
import type { Job } from './job.js';

interface Watch {
  /** Batches that are being computed. */
  batches: number;
  /** Milliseconds of computation before the batches in hand, and when those began. */
  spent: number;
  since: number;
  timer?: NodeJS.Timeout;
}

/** The clocks of the jobs that are not over. */
export class JobClocks {
  readonly #watches = new Map<Job, Watch>();

  constructor(
    /** Milliseconds that a job may be computed. */
    readonly limit: number,
    /** Told of a job that took all of them. */
    readonly onLate: (job: Job) => void,
  ) {}

  /** A batch with images of a job begins. */
  begin(job: Job): void {
    const watch = this.#watches.get(job) ?? this.#watch(job);
    if (watch.batches++ > 0) return;
    watch.since = performance.now();
    watch.timer = setTimeout(() => { this.onLate(job); }, Math.max(0, this.limit - watch.spent)); // prettier-ignore
    watch.timer.unref();
  }

  /** Such a batch is over. */
  end(job: Job): void {
    const watch = this.#watches.get(job);
    if (!watch || --watch.batches > 0) return;
    clearTimeout(watch.timer);
    watch.spent += performance.now() - watch.since;
  }

  #watch(job: Job): Watch {
    const watch: Watch = { batches: 0, spent: 0, since: 0 };
    this.#watches.set(job, watch);
    job.whenOver(() => {
      clearTimeout(watch.timer);
      this.#watches.delete(job);
    });
    return watch;
  }
}
