// When others of a job are gone: the error that names them.
import { UsageError } from '../util/errors.js';

/** Other processes of the job are gone or do not answer. The command line exits with 75: starting it again goes on from the last checkpoint. */
export class PeerLostError extends UsageError {
  override name = 'PeerLostError';
  override readonly exitCode = 75;

  /** @param ranks who; @param what they failed to do */
  constructor(
    readonly ranks: readonly number[],
    size: number,
    what: string,
    options?: ErrorOptions,
  ) {
    const names = [ranks.slice(0, -1).join(', '), ranks.at(-1)].filter((one) => one !== '').join(' and ');
    super(`${ranks.length > 1 ? 'ranks' : 'rank'} ${names} of ${size} ${what}`, options);
  }
}

/** Stands still for some seconds. */
export function pause(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000 * seconds);
}
