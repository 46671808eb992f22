// What `GET /api/generations/:id/events` streams, as server-sent events. Each has an id; a client that comes back with `Last-Event-ID` gets those
// after it, one without gets all from the beginning. After `done`, `failed` or `cancelled` the stream ends.
import { z } from 'zod';
import { modelId, problem, scale } from './common.js';
import { generationState } from './generations.js';

/** `event: state`. */
export const stateEvent = z
  .object({ state: generationState, position: z.int().min(0) })
  .meta({ id: 'StateEvent', description: 'Where the generation stands in the queue.' });
export type StateEvent = z.infer<typeof stateEvent>;

/** `event: scale`: one scale of one image is there. */
export const scaleEvent = z
  .object({
    model: modelId,
    image: z.int().min(0),
    seed: z.int(),
    index: z.int().min(0).meta({ description: 'Which scale, counted from 0.' }),
    scale,
    weight: z.number().meta({ description: 'Weight t of guidance: logits are (1 + t) · class − t · none.' }),
    tokens: z.array(z.int()).meta({ description: 'The codes chosen, row by row.' }),
    entropy: z
      .array(z.number())
      .meta({ description: 'Bits of each token’s distribution, guided, before temperature and top-k/p.' }),
    frame: z.string().meta({ description: 'URL of the picture of all scales so far.' }),
  })
  .meta({ id: 'ScaleEvent' });
export type ScaleEvent = z.infer<typeof scaleEvent>;

/** `event: done`. */
export const doneEvent = z
  .object({ state: z.literal('done'), seconds: z.number().meta({ description: 'From the first scale to the last.' }) })
  .meta({ id: 'DoneEvent' });
export type DoneEvent = z.infer<typeof doneEvent>;

/** `event: failed`. */
export const failedEvent = z.object({ state: z.literal('failed'), error: problem }).meta({ id: 'FailedEvent' });
export type FailedEvent = z.infer<typeof failedEvent>;

/** `event: cancelled`. */
export const cancelledEvent = z.object({ state: z.literal('cancelled') }).meta({ id: 'CancelledEvent' });
export type CancelledEvent = z.infer<typeof cancelledEvent>;

/** All of them, by the name of the event. */
export interface GenerationEvents {
  state: StateEvent;
  scale: ScaleEvent;
  done: DoneEvent;
  failed: FailedEvent;
  cancelled: CancelledEvent;
}
