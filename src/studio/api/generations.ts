// Generations: images of one class by one model or several, with all that was seen on the way, scale by scale.
import { z } from 'zod';
import { limits, modelId, opaqueId, problem, scale, scales } from './common.js';
import { classChoice, samplingFields, samplingSettings } from './sampling.js';

/** An image within a request. */
export const dataUrl = z
  .string()
  .max(Math.ceil((limits.upload * 4) / 3))
  .regex(/^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$/, 'expected an image as data:image/png;base64,…')
  .meta({ description: 'A PNG, JPEG or WebP as a data: URL in base64.' });

/** An image that the studio made. */
export const madeImage = z
  .strictObject({
    generation: opaqueId,
    model: modelId,
    image: z
      .int()
      .min(0)
      .max(limits.images - 1),
  })
  .meta({ id: 'MadeImage', description: 'An image of a generation before.' });

const pixels = z.int().min(0).max(limits.side);

/** What of an image stays, and what is made anew. */
export const editRequest = z
  .strictObject({
    image: z.union([dataUrl, madeImage]),
    mask: dataUrl
      .optional()
      .meta({ description: 'An image of the same shape; its white is made anew. Absent where there are margins.' }),
    margins: z
      .strictObject({
        left: pixels.default(0),
        right: pixels.default(0),
        up: pixels.default(0),
        down: pixels.default(0),
      })
      .optional()
      .meta({ description: 'Pixels of the canvas beyond the image, which are made anew.' }),
    feather: z
      .int()
      .min(0)
      .max(limits.feather)
      .optional()
      .meta({ description: 'Puts the image’s own pixels back where they stay, with a passage of so many pixels.' }),
  })
  .meta({ id: 'Edit' });
export type EditRequest = z.infer<typeof editRequest>;

/** `POST /api/generations`. */
export const generationRequest = z
  .strictObject({
    models: z.array(modelId).min(1).max(limits.models).optional().meta({ description: 'The first model by default.' }),
    class: classChoice.default(null),
    count: z.int().min(1).max(limits.images).default(1),
    ...z.object(samplingFields).partial().shape,
    edit: editRequest.optional(),
  })
  .meta({ id: 'GenerationRequest' });
export type GenerationRequest = z.infer<typeof generationRequest>;
/** What a client may write. */
export type GenerationInput = z.input<typeof generationRequest>;

/** What `POST /api/generations` answers with 202. */
export const generationAccepted = z
  .object({ id: opaqueId, position: z.int().min(0).meta({ description: 'Generations that are computed before it.' }) })
  .meta({ id: 'GenerationAccepted' });
export type GenerationAccepted = z.infer<typeof generationAccepted>;

/** Where a generation stands. */
export const generationState = z.enum(['waiting', 'running', 'done', 'cancelled', 'failed']);
export type GenerationState = z.infer<typeof generationState>;

/** One scale of an image: the picture of all scales so far. */
export const frame = z
  .object({
    index: z.int().min(0),
    scale,
    url: z.string().meta({ description: 'Its picture; `.webp` in place of `.png` for WebP.' }),
  })
  .meta({ id: 'Frame' });
export type Frame = z.infer<typeof frame>;

/** One image of a generation. */
export const generationImage = z
  .object({
    model: modelId,
    image: z.int().min(0).meta({ description: 'Which of the model’s images.' }),
    seed: z.int(),
    frames: z.array(frame),
  })
  .meta({ id: 'GenerationImage' });
export type GenerationImage = z.infer<typeof generationImage>;

/** A request with all defaults settled. */
export const settledRequest = z
  .object({
    models: z.array(modelId),
    class: z
      .union([z.int(), z.array(z.tuple([z.int(), z.number()])), z.null()])
      .meta({ description: 'A label, labels with weights, or null for no class.' }),
    count: z.int(),
    ...samplingSettings.shape,
    edit: z.object({ margins: z.record(z.string(), z.int()).optional(), feather: z.int().optional() }).optional(),
  })
  .meta({ id: 'SettledRequest' });
export type SettledRequest = z.infer<typeof settledRequest>;

/** `GET /api/generations/:id`. */
export const generation = z
  .object({
    id: opaqueId,
    state: generationState,
    position: z.int().min(0).meta({ description: 'Generations that are computed before it; 0 once it runs.' }),
    created: z.int().meta({ description: 'In seconds since 1970.' }),
    request: settledRequest,
    scales,
    images: z.array(generationImage),
    error: problem.optional(),
  })
  .meta({ id: 'Generation' });
export type Generation = z.infer<typeof generation>;
