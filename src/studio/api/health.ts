// Whether the server is up, which alone is told to anyone.
import { z } from 'zod';

/** `GET /healthz`. */
export const health = z.object({ status: z.enum(['ok', 'starting', 'stopping']) }).meta({ id: 'Health' });
export type Health = z.infer<typeof health>;
