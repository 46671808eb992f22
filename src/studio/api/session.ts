// A browser's session: the token as a cookie that scripts do not see. The page, opened with `#token=…`, asks `POST /api/session` once with the header
// `Authorization: Bearer …`; from then on its requests, its pictures and its streams of events carry the cookie `scalewise-token`.
import { z } from 'zod';

/** `POST /api/session`. */
export const session = z
  .object({ token: z.boolean().meta({ description: 'Whether the server asks for a token at all.' }) })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof session>;
