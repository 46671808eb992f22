// What the network does to a request: faults that pass are waited out, the others end in a sentence.
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../util/errors.js';

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
function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

const refusals: Record<string, string> = {
  EntryNotFound: 'there is no such file in the repository; see its name, and --revision',
  RevisionNotFound: 'the repository has no such revision; see --revision',
  RepoNotFound: 'there is no such repository, or it is private: see its name, and HF_TOKEN',
  GatedRepo: 'its authors ask for your consent to their terms: give it on its page, and a token of yours in HF_TOKEN',
};

/** The sentence of a status that no waiting mends. */
function refusal(response: Response): string {
  const { status, headers } = response;
  const known = refusals[headers.get('x-error-code') ?? ''];
  if (known !== undefined) return known;
  if (status === 401) return 'the hub wants to know who asks: set HF_TOKEN to a valid token of yours';
  if (status === 403) return 'the hub does not let you fetch it: see the rights of your token (HF_TOKEN)';
  if (status === 404) return 'the hub has no such repository or file; see the name, --revision and HF_ENDPOINT';
  return `the hub answered with the status ${status}; see HF_ENDPOINT`;
}

/**
 * Fetches; answers only what went well.
 * @param origin of the hub: elsewhere (behind a redirection) a refusal means a link that ran out, and passes.
 * @throws PassingFault or UsageError; fetch's own TypeError where the connection fails, which `patiently` knows
 */
export async function checkedFetch(
  what: string,
  origin: string,
  ...request: Parameters<typeof fetch>
): Promise<Response> {
  const response = await fetch(...request);
  if (response.ok) return response;
  await response.body?.cancel().catch(() => undefined); // of a cut connection nothing is left to cancel
  const { status } = response;
  if (status === 429) throw new PassingFault('the hub is asked too often (status 429)', retryAfter(response));
  const passes = status >= 500 || status === 408 || new URL(response.url).origin !== origin;
  if (passes) throw new PassingFault(`the server answered with the status ${status}`, retryAfter(response));
  throw new UsageError(`${what}: ${refusal(response)}`);
}
