// Tasks that clients ask for go before images: so that they cannot keep the workers from these, a client may have few at a time, and all together
// not many. One that waits is given up when nobody waits for it any more, or for too long.
import { StudioError } from '../errors.js';

/** How many tasks there may be, and milliseconds that one may wait for a worker. */
export interface GateLimits {
  tasks: number;
  perClient: number;
  waitTime: number;
}

/** The tasks of clients. */
export class TaskGate {
  readonly #going = new Map<string, number>();

  constructor(readonly limits: GateLimits) {}

  /** Tasks that are not over. */
  get size(): number {
    return [...this.#going.values()].reduce((sum, one) => sum + one, 0);
  }

  /**
   * Has something done for a client.
   * @param left ends the wait for it
   * @param work hands it to a worker, and gives it up when told so
   * @throws StudioError 429 where there are too many, 504 where it waited for too long, or what the worker says
   */
  async pass<T>(client: string, left: AbortSignal, work: (given: AbortSignal) => Promise<T>): Promise<T> {
    const { tasks, perClient, waitTime } = this.limits;
    const own = this.#going.get(client) ?? 0;
    if (own >= perClient)
      throw new StudioError('rate_limit_exceeded', `queue: ${own} of your requests of this kind are not answered yet, and more than ${perClient} are not taken; wait for one of them`, { code: 'client_limit', retryAfter: 1 }); // prettier-ignore
    if (this.size >= tasks)
      throw new StudioError('queue_full', `queue: ${this.size} requests of this kind are not answered yet, and more are not taken; try again later`, { code: 'queue_full', retryAfter: 2 }); // prettier-ignore
    this.#going.set(client, own + 1);
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new StudioError('timed_out', `queue: the request waited for ${waitTime / 1000} seconds, and longer is not allowed; try again later`)); // prettier-ignore
    }, waitTime);
    timer.unref();
    try {
      return await work(AbortSignal.any([left, late.signal]));
    } finally {
      clearTimeout(timer);
      const rest = this.#going.get(client)! - 1;
      if (rest) this.#going.set(client, rest);
      else this.#going.delete(client);
    }
  }
}
