// Whether the server is up: the only route that tells anything to those without the token.
import { health } from '../api/index.js';
import type { Resource } from '../server/studio.js';

/** Adds `/healthz`. */
export const addHealth: Resource = (app, studio) => {
  app.get(
    '/healthz',
    {
      config: { open: true },
      schema: {
        summary: 'Whether the server is up.',
        tags: ['server'],
        security: [],
        response: { 200: health, 503: health },
      },
    },
    (_request, reply) => {
      const { status, scheduler } = studio;
      reply.code(status === 'ok' ? 200 : 503);
      return { status, ...(status === 'failing' && { problem: scheduler.problem!.message }) };
    },
  );
};
