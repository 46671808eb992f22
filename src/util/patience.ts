// What the network does to a request: faults that pass are waited out, the others end in a sentence.
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from './errors.js';

/** A fault that may be gone the next time. */
export class PassingFault extends Error {
  constructor(
    message: string,
    /** Milliseconds that the server asked to wait. */
    readonly wait?: number,
  ) {
    super(message);
  }
}

/** How faults are waited out. */
export interface Patience {
  say: (line: string) => void;
  /** Waits some milliseconds; tests give one that does not. */
  delay?: (milliseconds: number) => Promise<unknown>;
  signal?: AbortSignal | undefined;
}

const mostTries = 5;
const longestWait = 10 * 60_000; // milliseconds

/** A failed connection as a passing fault; anything else as it is. */
function faultOf(error: unknown): unknown {
  if (!(error instanceof TypeError) || error.cause === undefined) return error; // this is how fetch tells what the network did
  const { code } = error.cause as { code?: string };
  return new PassingFault(`the connection failed${code === undefined ? '' : ` (${code})`}`);
}

/**
 * Calls `attempt` until no passing fault stops it, waiting 1, 2, 4 … seconds or what the server asks for between two calls.
 * @param position how far the work is: faults after progress count anew
 * @throws UsageError after five faults in a row without progress, or where the server asks to wait for over ten minutes.
 */
export async function patiently<T>(
  what: string,
  patience: Patience,
  attempt: () => Promise<T>,
  position: () => number = () => 0,
): Promise<T> {
  const { say, signal, delay = (milliseconds: number) => sleep(milliseconds, undefined, { signal }) } = patience;
  const later = 'run the same command again later, it goes on where it stopped';
  for (let tries = 1; ; tries++) {
    const before = position();
    try {
      return await attempt();
    } catch (error) {
      const fault = faultOf(error);
      if (!(fault instanceof PassingFault)) throw error;
      if (position() > before) tries = 1;
      const wait = fault.wait ?? 1000 * 2 ** (tries - 1);
      if (tries >= mostTries) throw new UsageError(`${what}: ${fault.message}, ${tries} times in a row; ${later}`);
      if (wait > longestWait)
        throw new UsageError(
          `${what}: ${fault.message} and asks to wait ${Math.ceil(wait / 60_000)} minutes; ${later}`,
        );
      say(`${what}: ${fault.message}; trying again in ${Math.ceil(wait / 1000)} s`);
      await delay(wait);
    }
  }
}

/** `Retry-After` in milliseconds: seconds or a date. */
export function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
