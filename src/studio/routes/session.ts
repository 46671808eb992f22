// The token as a cookie, for browsers, whose pictures and streams of events carry no headers of ours.
import { session } from '../api/index.js';
import { tokenCookie } from '../server/access.js';
import { usualErrors } from '../server/answers.js';
import type { Resource } from '../server/studio.js';

/** Adds `/api/session`. */
export const addSession: Resource = (app, studio) => {
  const { token } = studio.options;
  app.post(
    '/api/session',
    {
      schema: {
        summary: 'Keeps the token that the request carries as a cookie.',
        tags: ['server'],
        response: { 200: session, ...usualErrors },
      },
    },
    (_request, reply) => {
      if (token !== undefined)
        reply.header('set-cookie', `${tokenCookie}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Strict`);
      return { token: token !== undefined };
    },
  );
};
