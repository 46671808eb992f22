// What came of jobs, for those who ask later: kept in memory while there is room and time, the oldest forgotten first.
import type { Job } from './job.js';

/** How much is kept of jobs that are over. */
export interface KeepLimits {
  jobs: number;
  bytes: number;
  /** Milliseconds. */
  age: number;
}

/** Jobs by their names: those that are not over, and of the others as many as there is room for. */
export class KeptJobs {
  readonly #jobs = new Map<string, Job>();
  /** Over, in the order in which they ended, with when. */
  readonly #over = new Map<Job, number>();

  constructor(readonly limits: KeepLimits) {}

  get size(): number {
    return this.#jobs.size;
  }
  get bytes(): number {
    return [...this.#over.keys()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Keeps a job, from now until it is to be forgotten. */
  add(job: Job): void {
    this.#jobs.set(job.id, job);
    job.whenOver(() => {
      if (job.plan.isKept) this.#over.set(job, performance.now());
      else this.#jobs.delete(job.id);
      this.#tidy();
    });
  }

  find(id: string): Job | undefined {
    this.#tidy();
    return this.#jobs.get(id);
  }

  #tidy(): void {
    const { jobs, bytes, age } = this.limits;
    let held = this.bytes;
    for (const [job, ended] of this.#over) {
      if (this.#over.size <= jobs && held <= bytes && performance.now() - ended <= age) return;
      held -= job.bytes;
      this.#over.delete(job);
      this.#jobs.delete(job.id);
    }
  }
}
