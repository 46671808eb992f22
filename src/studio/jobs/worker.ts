// One worker under supervision: started again, with growing pauses, when it ends; what it was doing then is answered as failed.
import { StudioError } from '../errors.js';
import type { BatchSettings, FromWorker, Refusal, ScaleMade } from '../worker/messages.js';
import type { Unit } from './job.js';
import type { StartWorker, WorkerProcess } from './process.js';

/** A piece of work in a worker's hands. */
type Work =
  | { kind: 'task'; id: number; done: (output: unknown) => void; failed: (error: Error) => void }
  | {
      kind: 'batch';
      id: number;
      units: ReadonlyMap<number, Unit>;
      done: () => void;
      failed: (error: StudioError) => void;
    };

/** How patient one is with a worker, in milliseconds. */
export interface Supervision {
  /** Silence in the middle of work after which it is ended. */
  stall: number;
  /** Pause before the first start anew; it doubles each time. */
  firstPause: number;
  longestPause: number;
}

let works = 0;

/** Starts that may come to nothing, one after the other, before one says so instead of waiting for the next. */
const attempts = 3;

const stalled = (stall: number) =>
  new StudioError('timed_out', `worker: nothing was heard of the work for ${stall / 1000} seconds, and longer is not waited; its process is being started again, so ask for less at once, or let the studio wait longer (--job-time)`); // prettier-ignore

const crashed = (how: string) =>
  new StudioError('worker_crashed', `worker: the process that computes images ended (${how}); it is being started again, so ask again`); // prettier-ignore

/** What a worker refused, as an error to answer with. */
function errorOf({ message, usage, changed }: Refusal): StudioError {
  if (changed) return new StudioError('conflict', message, { param: 'model', code: 'model_changed' });
  if (usage) return new StudioError('invalid_request_error', message.replace(/^--/, ''));
  process.stderr.write(`studio: a worker failed: ${message}\n`);
  return new StudioError('server_error', 'worker: the images could not be computed; the server’s output says why');
}

/** A place where work is done: by one process at a time. */
export class SupervisedWorker {
  #process: WorkerProcess | undefined;
  #work: Work | undefined;
  #isReady = false;
  #isStopped = false;
  #pause: number;
  #watch: NodeJS.Timeout | undefined;
  #isStalled = false;
  #restart: NodeJS.Timeout | undefined;
  #fruitless = 0;
  #why = '';
  #problem: StudioError | undefined;
  /** How often it was started anew. */
  restarts = 0;

  constructor(
    readonly start: StartWorker,
    readonly supervision: Supervision,
    /** Told whenever it is free for work, and when it turns out that it does not start. */
    readonly onFree: () => void,
    /** Told of the scales of batches. */
    readonly onScale: (unit: Unit, made: ScaleMade) => void,
  ) {
    this.#pause = supervision.firstPause;
    this.#start();
  }

  get isReady(): boolean {
    return this.#isReady;
  }
  /** Why there will be no work, where several starts came to nothing; it is tried again all the same. */
  get problem(): StudioError | undefined {
    return this.#problem;
  }
  get isFree(): boolean {
    return this.#isReady && this.#work === undefined && !this.#isStopped;
  }

  /** Has something done by its name; only while it is free. @throws StudioError */
  task(name: string, input: unknown): Promise<unknown> {
    return new Promise((done, failed) => {
      const id = ++works;
      this.#take({ kind: 'task', id, done, failed });
      this.#process!.send({ type: 'task', task: id, name, input });
    });
  }

  /** Has images of one batch computed; only while it is free. @throws StudioError */
  batch(settings: BatchSettings, units: readonly Unit[]): Promise<void> {
    return new Promise((done, failed) => {
      const id = ++works;
      this.#take({ kind: 'batch', id, units: new Map(units.map((unit) => [unit.member, unit])), done, failed });
      const members = units.map(({ member, seed, job }) => {
        const { request, frames } = job.plan;
        return { member, seed, label: request.class, frames };
      });
      this.#process!.send({ type: 'batch', batch: id, settings, members });
    });
  }

  /** Says that some images are not wanted any more. */
  drop(members: readonly number[]): void {
    const work = this.#work;
    if (work?.kind !== 'batch') return;
    const own = members.filter((member) => work.units.has(member));
    if (own.length) this.#process?.send({ type: 'drop', members: own });
  }

  /** Ends it for good. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#watch);
    clearTimeout(this.#restart);
    this.#process?.kill();
  }

  #start(): void {
    this.#process = this.start({
      onMessage: (message) => {
        this.#hear(message);
      },
      onExit: (how) => {
        this.#lost(how);
      },
    });
  }

  #take(work: Work): void {
    this.#work = work;
    this.#listen();
  }

  /** Waits for the next sign of life. */
  #listen(): void {
    clearTimeout(this.#watch);
    if (!this.#work) return;
    this.#watch = setTimeout(() => {
      this.#isStalled = true;
      this.#process?.kill();
    }, this.supervision.stall);
    this.#watch.unref();
  }

  #hear(message: FromWorker): void {
    const work = this.#work;
    if (message.type === 'broken') this.#why = message.why;
    else if (message.type === 'ready') {
      this.#isReady = true;
      this.#fruitless = 0;
      this.#problem = undefined;
    } else if (message.type === 'scale') {
      const unit = work?.kind === 'batch' ? work.units.get(message.member) : undefined;
      if (unit) this.onScale(unit, message);
    } else {
      this.#work = undefined;
      this.#pause = this.supervision.firstPause; // it works
      if (message.type === 'answer') (work as Extract<Work, { kind: 'task' }>).done(message.output);
      else if (message.type === 'refused') work?.failed(errorOf(message.why));
      else if (message.why) work?.failed(errorOf(message.why));
      else (work as Extract<Work, { kind: 'batch' }>).done();
    }
    this.#listen();
    if (this.isFree) this.onFree();
  }

  #lost(how: string): void {
    clearTimeout(this.#watch);
    const work = this.#work;
    if (!this.#isReady && ++this.#fruitless >= attempts && !this.#isStopped) this.#giveUp(how);
    this.#isReady = false;
    this.#process = undefined;
    this.#work = undefined;
    if (!this.#isStopped) {
      this.#restart = setTimeout(() => {
        this.restarts++;
        this.#start();
      }, this.#pause);
      this.#restart.unref();
      this.#pause = Math.min(this.supervision.longestPause, 2 * this.#pause);
    }
    work?.failed(this.#isStalled ? stalled(this.supervision.stall) : crashed(how));
    this.#isStalled = false;
  }

  /** Says, the first time only, that it does not start. */
  #giveUp(how: string): void {
    if (this.#problem) return;
    process.stderr.write(`studio: the process that computes images ended ${attempts} times before it was ready (${how})${this.#why && `: ${this.#why}`}\n`); // prettier-ignore
    process.stderr.write('studio: `scalewise doctor` looks for the reason, `npm run setup` mends most of them; it is tried again every now and then\n'); // prettier-ignore
    this.#problem = new StudioError('unavailable', `worker: the process that computes images does not start (${how}); the server’s output says why and how to mend it`, { code: 'worker_broken', retryAfter: 30 }); // prettier-ignore
    this.onFree();
  }
}
