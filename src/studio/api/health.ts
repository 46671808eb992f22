// Whether the server is up, which alone is told to anyone.
import { z } from 'zod';

/** `GET /healthz`. */
export const health = z
  .object({
    status: z.enum(['ok', 'starting', 'stopping', 'failing']),
    problem: z.string().optional().meta({ description: 'Why it computes nothing, where it is failing.' }),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof health>;
