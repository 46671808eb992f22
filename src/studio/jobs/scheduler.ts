// Brings waiting images and workers together, watches the clock, and keeps what came of the jobs for as long as there is room.
import { StudioError } from '../errors.js';
import type { Job, Unit } from './job.js';
import { JobClocks } from './jobClock.js';
import { FairQueue, type QueueLimits } from './queue.js';
import { KeptJobs, type KeepLimits } from './kept.js';
import type { StartWorker } from './process.js';
import { type Supervision, SupervisedWorker } from './worker.js';

/** How jobs are done. */
export interface SchedulerOptions {
  start: StartWorker;
  workers: number;
  /** Images of a batch. */
  batch: number;
  /** Milliseconds that a job may be computed, waiting not counted, and may wait before. */
  jobTime: number;
  waitTime: number;
  queue: QueueLimits;
  keep: KeepLimits;
  supervision: Supervision;
}

/** What happened since the start, for the metrics. */
export interface Counts {
  images: number;
  scales: number;
  batches: number;
  /** Jobs that are over, by how they ended. */
  ended: Record<'done' | 'cancelled' | 'failed', number>;
}

interface WaitingTask {
  name: string;
  input: unknown;
  done: (output: unknown) => void;
  failed: (error: unknown) => void;
}

/** The jobs of a server. */
export class Scheduler {
  readonly queue: FairQueue;
  readonly kept: KeptJobs;
  readonly counts: Counts = { images: 0, scales: 0, batches: 0, ended: { done: 0, cancelled: 0, failed: 0 } };
  readonly #workers: SupervisedWorker[];
  readonly #tasks: WaitingTask[] = [];
  readonly #clocks: JobClocks;
  #isStopping = false;

  constructor(readonly options: SchedulerOptions) {
    this.queue = new FairQueue(options.queue);
    this.kept = new KeptJobs(options.keep);
    this.#clocks = new JobClocks(options.jobTime, (job) => {
      this.fail(job, new StudioError('timed_out', `generation: it was computed for ${options.jobTime / 1000} seconds, and longer is not allowed; ask for fewer images or scales`)); // prettier-ignore
    });
    const free = () => {
      setImmediate(() => {
        this.#dispatch();
      });
    };
    this.#workers = Array.from(
      { length: options.workers },
      () => new SupervisedWorker(options.start, options.supervision, free, (unit, made) => {
          this.counts.scales++;
          if (made.index === unit.settings.scales.length - 1) this.counts.images++;
          unit.job.take(unit, made);
        }),
    ); // prettier-ignore
  }

  /** How often workers were started anew. */
  get restarts(): number {
    return this.#workers.reduce((sum, { restarts }) => sum + restarts, 0);
  }
  get readyWorkers(): number {
    return this.#workers.filter(({ isReady }) => isReady).length;
  }
  /** Why nothing is computed: no worker starts. */
  get problem(): StudioError | undefined {
    return this.#workers.every(({ problem }) => problem) ? this.#workers[0]!.problem : undefined;
  }
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /**
   * Has a worker do something by its name, before any images that wait.
   * @param given gives it up while it waits, for the signal's reason
   * @throws StudioError
   */
  task(name: string, input: unknown, given?: AbortSignal): Promise<unknown> {
    const refusal = this.#isStopping ? stopping() : this.problem;
    if (refusal) return Promise.reject(refusal);
    if (given?.aborted) return Promise.reject(given.reason as Error);
    return new Promise((done, failed) => {
      const task = { name, input, done, failed };
      this.#tasks.push(task);
      given?.addEventListener('abort', () => {
        const at = this.#tasks.indexOf(task);
        if (at < 0) return; // a worker has it
        this.#tasks.splice(at, 1);
        failed(given.reason as Error);
      });
      this.#dispatch();
    });
  }

  /** Takes a job in. @throws StudioError where there is no room for it, or the server is stopping */
  add(job: Job): void {
    const refusal = this.#isStopping ? stopping() : this.problem;
    if (refusal) throw refusal;
    this.queue.add(job);
    this.kept.add(job);
    const wait = setTimeout(() => {
      if (job.state === 'waiting') this.fail(job, new StudioError('timed_out', `queue: the request waited for ${this.options.waitTime / 1000} seconds, and longer is not allowed; try again later`)); // prettier-ignore
    }, this.options.waitTime);
    wait.unref();
    job.whenOver(({ state }) => {
      clearTimeout(wait);
      this.counts.ended[state as keyof Counts['ended']]++;
    });
    this.#dispatch();
  }

  /** Ends a job, wherever it is: what is being computed for it stops at the next scale. */
  fail(job: Job, error: StudioError): void {
    job.fail(error);
    const members = job.units.map(({ member }) => member);
    for (const worker of this.#workers) worker.drop(members);
  }

  cancel(job: Job): void {
    this.fail(job, new StudioError('cancelled', 'the request was cancelled'));
  }

  /** Takes no more jobs in, waits for those that are there for so long, in milliseconds, and ends the workers. */
  async stop(drain: number): Promise<void> {
    this.#isStopping = true;
    const jobs = this.queue.all();
    const ended = Promise.all(jobs.map((job) => new Promise<void>((done) => { job.whenOver(() => { done(); }); }))); // prettier-ignore
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise((over) => (timer = setTimeout(over, drain)))]);
    clearTimeout(timer);
    this.#refuseAll(stopping());
    for (const worker of this.#workers) worker.stop();
  }

  #dispatch(): void {
    const { problem } = this;
    if (problem) this.#refuseAll(problem);
    for (const worker of this.#workers) {
      if (!worker.isFree) continue;
      const task = this.#tasks.shift();
      if (task) {
        worker.task(task.name, task.input).then(task.done, task.failed);
        continue;
      }
      const units = this.queue.next(this.options.batch).filter(({ job }) => !job.isOver);
      if (units.length) void this.#compute(worker, units);
    }
  }

  /** Answers all that waits with an error. */
  #refuseAll(error: StudioError): void {
    for (const { failed } of this.#tasks.splice(0)) failed(error);
    for (const job of this.queue.all()) this.fail(job, error);
  }

  async #compute(worker: SupervisedWorker, units: readonly Unit[]): Promise<void> {
    const jobs = new Set(units.map(({ job }) => job));
    this.counts.batches++;
    for (const job of jobs) {
      this.#clocks.begin(job);
      job.begin();
    }
    this.queue.place();
    try {
      await worker.batch(units[0]!.settings, units);
    } catch (error) {
      for (const job of jobs) this.fail(job, error as StudioError);
    } finally {
      for (const job of jobs) this.#clocks.end(job);
    }
    this.#dispatch();
  }
}

function stopping(): StudioError {
  return new StudioError('unavailable', 'the server is stopping; try again later', { retryAfter: 5 });
}
