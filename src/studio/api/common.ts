// What the resources of the studio's API share: names, scales, limits, errors. The files of this folder import nothing but zod, so that the page
// may import their types.
import { z } from 'zod';

/** What one request may ask for. */
export const limits = {
  /** Images of one request and model. */
  images: 16,
  /** Models of one request. */
  models: 4,
  scales: 32,
  /** Tokens of an image, all scales together. */
  tokens: 16_384,
  /** Tokens of an image that is explained: every one is told of several times. */
  explained: 4096,
  /** Pixels along a side. */
  side: 1024,
  /** Classes of a mixture. */
  mixed: 16,
  /** Bytes of a request, and of one that carries images. */
  body: 64 * 1024,
  upload: 10 * 1024 * 1024,
  /** Bytes of a JSON request with an image in base64; an edit has a mask beside it. */
  imageBody: 14 * 1024 * 1024 + 64 * 1024,
  editBody: 28 * 1024 * 1024 + 64 * 1024,
  /** Pixels of an image that is sent. */
  pixels: 16_800_000,
  /** Pixels of the passage between what stays and what is made anew. */
  feather: 16,
  /** Strength of guidance. */
  cfg: 20,
} as const;

/** Name of a model, as `GET /v1/models` lists it. */
export const modelId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'expected the name of a model, as GET /v1/models lists it')
  .meta({ description: 'Name of a model, as GET /v1/models lists it.', example: 'generator-sar' });

/** An opaque name that the server gave. */
export const opaqueId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected a name that the server gave')
  .meta({ description: 'A name that the server gave.' });

const side = z.int().min(1).max(limits.side);

/** Size of one scale in tokens: the side of a square, or height and width. */
export const scale = z
  .union([side, z.tuple([side, side])])
  .meta({ id: 'Scale', description: 'Size of one scale in tokens: the side of a square, or height and width.' });
export type Scale = z.infer<typeof scale>;

/** The scales of an image, from coarse to fine. */
export const scales = z
  .array(scale)
  .min(1)
  .max(limits.scales)
  .meta({ id: 'Scales', description: 'The scales of an image, from coarse to fine.', example: [1, 2, 3, [4, 6]] });
export type Scales = z.infer<typeof scales>;

/** What kinds of errors there are. */
export const errorType = z.enum([
  'invalid_request_error',
  'authentication_error',
  'permission_error',
  'not_found',
  'conflict',
  'rate_limit_exceeded',
  'queue_full',
  'timed_out',
  'cancelled',
  'worker_crashed',
  'unavailable',
  'server_error',
]);
export type ErrorType = z.infer<typeof errorType>;

/** What went wrong, as OpenAI's API tells it. */
export const problem = z
  .object({
    message: z
      .string()
      .meta({ description: 'One sentence: where, what was expected, what was found, how to mend it.' }),
    type: errorType,
    param: z.string().nullable().meta({ description: 'The part of the request that is wrong.' }),
    code: z.string().nullable(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** The body of every answer that is an error. */
export const errorAnswer = z.object({ error: problem }).meta({ id: 'Error', description: 'What went wrong.' });
export type ErrorAnswer = z.infer<typeof errorAnswer>;
