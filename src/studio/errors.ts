// The errors that the studio answers with: a kind, which settles the status, and a sentence.
import type { ErrorType, Problem } from './api/index.js';

const statuses: Record<ErrorType, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found: 404,
  conflict: 409,
  cancelled: 409,
  rate_limit_exceeded: 429,
  queue_full: 429,
  server_error: 500,
  worker_crashed: 500,
  unavailable: 503,
  timed_out: 504,
};

/** What the studio says no with. */
export class StudioError extends Error {
  override name = 'StudioError';
  readonly statusCode: number;
  /** The part of the request that is wrong. */
  readonly param: string | null;
  readonly code: string | null;
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly type: ErrorType,
    message: string,
    more: { param?: string; code?: string; statusCode?: number; retryAfter?: number } = {},
  ) {
    super(message);
    this.statusCode = more.statusCode ?? statuses[type];
    this.param = more.param ?? null;
    this.code = more.code ?? null;
    this.retryAfter = more.retryAfter;
  }

  /** As the contract has it. */
  get problem(): Problem {
    const { message, type, param, code } = this;
    return { message, type, param, code };
  }
}

/** A request that is to be mended: the part, and the sentence. */
export function refuse(param: string, message: string, code?: string): StudioError {
  return new StudioError('invalid_request_error', message, { param, ...(code !== undefined && { code }) });
}

/** A refusal under the names that the client has for the parts of its request. */
export function renamed(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof StudioError) || error.param === null) return error;
  const name = Object.hasOwn(names, error.param) ? names[error.param]! : error.param;
  if (name === error.param || error.type !== 'invalid_request_error') return error;
  const message = error.message.replace(`${error.param}:`, `${name}:`);
  return refuse(name, message, error.code ?? undefined);
}

/** @throws StudioError 404 that says which thing of which name there is not */
export function notFound(what: string, name: string): StudioError {
  return new StudioError('not_found', `there is no ${what} ${JSON.stringify(name.slice(0, 100))}`);
}
