// Errors as answers, all of one shape.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { errorAnswer, type ErrorType } from '../api/index.js';
import { StudioError } from '../errors.js';
import type { StudioServer } from './studio.js';

/** Schemas of a route's errors, for the description of the API. */
export function errors<Status extends number>(...statuses: Status[]): Record<Status, typeof errorAnswer> {
  const entries = statuses.map((status) => [status, errorAnswer] as const);
  return Object.fromEntries(entries) as Record<Status, typeof errorAnswer>;
}

/** What any route under `/api` and `/v1` may answer besides its own errors. */
export const usualErrors = errors(400, 401, 403, 429, 500, 503);

/** A schema of what is no JSON: the type of its content. */
export function content(type: string, schema: z.ZodType, description: string) {
  return { description, content: { [type]: { schema } } };
}

/** Fastify's own errors as ours: bodies that are too large, no JSON, of another type. */
function fromFastify({ statusCode = 500, message, code }: FastifyError): StudioError | undefined {
  if (statusCode < 400 || statusCode >= 500) return undefined;
  const types: Record<number, ErrorType> = { 404: 'not_found', 429: 'rate_limit_exceeded' };
  const sentence = message.charAt(0).toLowerCase() + message.slice(1);
  return new StudioError(types[statusCode] ?? 'invalid_request_error', `request: ${sentence}`, { statusCode, code });
}

function send(reply: FastifyReply, error: StudioError): FastifyReply {
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
  if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(error.statusCode)
    .type('application/json')
    .send(JSON.stringify({ error: error.problem }));
}

/** Answers what fastify refuses before any route is looked for, such as addresses that cannot be decoded. */
export function answerEarly(error: FastifyError, _request: unknown, reply: FastifyReply): void {
  void send(reply, fromFastify(error) ?? new StudioError('server_error', 'the server failed'));
}

/** Answers with errors in the shape of OpenAI's API. */
export function answerErrors(app: StudioServer): void {
  app.setErrorHandler((error: FastifyError | StudioError, request, reply) => {
    if (error instanceof StudioError) return send(reply, error);
    const known = fromFastify(error);
    if (known) return send(reply, known);
    process.stderr.write(`studio: ${request.method} ${request.url}: ${error.stack ?? error.message}\n`);
    return send(reply, new StudioError('server_error', 'the server failed; its output says why'));
  });
  app.setNotFoundHandler((request: FastifyRequest, reply) =>
    send(reply, new StudioError('not_found', `there is no ${request.method} ${request.url.split('?')[0]!.slice(0, 200)}; /openapi.json lists what there is`)),
  ); // prettier-ignore
}
