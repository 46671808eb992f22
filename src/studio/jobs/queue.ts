// The queue: images that wait to be computed, with a bound, fair between clients. Clients take turns; whoever's turn it is gives the settings of the
// next batch, which is filled up, again in turns, with images of all clients that agree with them. A client with many images waits for one batch of
// each other client's before its next.
import { StudioError } from '../errors.js';
import type { Job, Unit } from './job.js';

/** How much may wait. */
export interface QueueLimits {
  jobs: number;
  images: number;
  /** Jobs of one client that are not over. */
  perClient: number;
}

const soonest = 1; // seconds after which a full queue may be asked again, at the least

/** Jobs that are not over, by client, in the order of their turns. */
export class FairQueue {
  readonly #clients = new Map<string, Job[]>();
  readonly #waiting = new Map<Job, Unit[]>();

  constructor(readonly limits: QueueLimits) {}

  /** Jobs that are not over. */
  get jobs(): number {
    return this.#all().length;
  }
  /** Images that are not begun. */
  get images(): number {
    return [...this.#waiting.values()].reduce((sum, units) => sum + units.length, 0);
  }

  /** Takes a job in, until it is over. @throws StudioError 429 where the queue is full, or the client's share of it */
  add(job: Job): void {
    const { jobs, images, perClient } = this.limits;
    const own = this.#clients.get(job.plan.client) ?? [];
    const again = { retryAfter: Math.max(soonest, Math.ceil(this.images / 4)) };
    if (own.length >= perClient)
      throw new StudioError('rate_limit_exceeded', `queue: ${own.length} of your requests are waiting or running, and more than ${perClient} are not taken; wait for one of them, or cancel it`, { ...again, code: 'client_limit' }); // prettier-ignore
    if (this.jobs >= jobs || this.images + job.units.length > images)
      throw new StudioError('queue_full', `queue: ${this.jobs} requests with ${this.images} images are waiting, and more than ${jobs} or ${images} are not taken; try again later`, { ...again, code: 'queue_full' }); // prettier-ignore
    this.#clients.set(job.plan.client, [...own, job]);
    this.#waiting.set(job, [...job.units]);
    job.whenOver(() => {
      this.#remove(job);
    });
    this.place();
  }

  /** Takes the images of the next batch out, at most so many; none where none wait. */
  next(most: number): Unit[] {
    const turns = [...this.#clients].filter(([, jobs]) => jobs.some((job) => this.#waiting.has(job)));
    const [first] = turns;
    if (!first) return [];
    const [client, jobs] = first;
    const { key } = this.#waiting.get(jobs.find((job) => this.#waiting.has(job))!)![0]!;
    const taken: Unit[] = [];
    for (let before = -1; taken.length < most && before < taken.length;) {
      before = taken.length;
      for (const [, its] of turns) {
        const unit = taken.length < most ? this.#takeOne(its, key) : undefined;
        if (unit) taken.push(unit);
      }
    }
    this.#clients.delete(client);
    this.#clients.set(client, jobs); // its next turn comes after all others'
    return taken;
  }

  /** Tells every job that waits how many are before it. */
  place(): void {
    const turns = [...this.#clients.values()].map((jobs) => jobs.filter(({ state }) => state === 'waiting'));
    const running = this.#all().filter(({ state }) => state === 'running').length;
    turns.forEach((jobs, turn) => {
      jobs.forEach((job, i) => {
        const before = turns.map((other, at) => Math.min(other.length, at < turn ? i + 1 : i));
        job.place(running + before.reduce((sum, one) => sum + one, 0));
      });
    });
  }

  /** All jobs that are not over. */
  all(): readonly Job[] {
    return this.#all();
  }

  #all(): Job[] {
    return [...this.#clients.values()].flat();
  }

  #takeOne(jobs: readonly Job[], key: string): Unit | undefined {
    for (const job of jobs) {
      const units = this.#waiting.get(job) ?? [];
      const at = units.findIndex((unit) => unit.key === key);
      if (at < 0) continue;
      const [unit] = units.splice(at, 1);
      if (!units.length) this.#waiting.delete(job);
      return unit;
    }
    return undefined;
  }

  #remove(job: Job): void {
    this.#waiting.delete(job);
    const rest = (this.#clients.get(job.plan.client) ?? []).filter((one) => one !== job);
    if (rest.length) this.#clients.set(job.plan.client, rest);
    else this.#clients.delete(job.plan.client);
    this.place();
  }
}
