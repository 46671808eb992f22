// Whose request it is, for the turns of the queue: an address, and who says to be whom behind it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StudioError } from '../errors.js';

/** The header by which pages and programs of one address tell each other apart. */
export const clientHeader = 'x-scalewise-client';

/** Ends a wait when the client has left. */
export function leaving(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.on('close', () => {
    left.abort(new StudioError('cancelled', 'the client has left'));
  });
  return left.signal;
}

/** Who asks. What clients say of themselves only divides the queue among them: its bound holds for all. */
export function clientOf(request: FastifyRequest, user?: string): string {
  const said = user ?? request.headers[clientHeader];
  return `${request.ip} ${typeof said === 'string' ? said.slice(0, 100) : ''}`;
}
