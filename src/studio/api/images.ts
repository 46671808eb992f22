// The shape of OpenAI's images API, so that existing clients work: the prompt is a class, sampling settings are fields of their own with or without
// `x_` before them.
import { z } from 'zod';
import { limits, modelId } from './common.js';
import { samplingFields } from './sampling.js';

const text = z.string().max(1000);
const { seed, cfg, guidance, topK, topP, temperature, greedy, smooth } = samplingFields;

/** A list, text such as `1,2,3,4x6`, or the name of one of the model's schedules. */
const scalesChoice = z
  .union([samplingFields.scales, z.string().min(1).max(400)])
  .meta({ description: 'A list of scales, text such as 1,2,3,4x6, or the name of one of the model’s schedules.' });

const extensions = {
  seed, cfg, guidance, top_k: topK, top_p: topP, temperature, scales: scalesChoice, greedy, smooth,
}; // prettier-ignore

const prefixed = Object.fromEntries(Object.entries(extensions).map(([name, schema]) => [`x_${name}`, schema])) as {
  [Name in keyof typeof extensions as `x_${Name}`]: (typeof extensions)[Name];
};

/** What OpenAI's clients may send besides, which means nothing to these models. */
const ignored = {
  quality: text,
  style: text,
  background: text,
  moderation: text,
  input_fidelity: text,
};

const shared = {
  model: modelId.optional().meta({ description: 'The first model by default.' }),
  n: z.int().min(1).max(limits.images).nullable().default(1),
  size: z
    .string()
    .regex(/^(auto|[1-9]\d{0,4}x[1-9]\d{0,4})$/, "expected 'auto' or width x height such as 256x256")
    .nullable()
    .default('auto')
    .meta({ description: 'Width x height in pixels: the model’s scales are stretched to it.', example: 'auto' }),
  response_format: z.enum(['b64_json', 'url']).nullable().default('b64_json'),
  output_format: z.enum(['png', 'webp']).nullable().default('png'),
  output_compression: z.int().min(0).max(100).nullable().optional().meta({ description: 'Quality of WebP; lossless without it.' }), // prettier-ignore
  stream: z.boolean().nullable().default(false),
  partial_images: z
    .int()
    .min(0)
    .max(limits.scales)
    .nullable()
    .optional()
    .meta({ description: 'How many scales before the last are streamed, evenly spread; all without it.' }),
  user: z.string().max(200).optional().meta({ description: 'Shares the queue fairly among the users of one address.' }),
  ...z.object(ignored).partial().shape,
  ...z.object(extensions).partial().shape,
  ...z.object(prefixed).partial().shape,
};

/** `POST /v1/images/generations`. */
export const imagesRequest = z
  .strictObject({
    prompt: z.string().min(1).max(1000).meta({ description: 'A class: its name or its number.', example: 'Sneaker' }),
    ...shared,
  })
  .meta({ id: 'ImagesRequest' });
export type ImagesRequest = z.infer<typeof imagesRequest>;

/** The fields of `POST /v1/images/edits` besides its files `image` and `mask`. */
export const imageEditFields = z
  .strictObject({
    prompt: z.string().max(1000).default('').meta({ description: 'A class: its name or its number; none by default.' }),
    ...shared,
    feather: z.int().min(0).max(limits.feather).optional(),
    x_feather: z
      .int()
      .min(0)
      .max(limits.feather)
      .optional()
      .meta({ description: 'Puts the image’s own pixels back where they stay, with a passage of so many pixels.' }),
  })
  .meta({ id: 'ImageEditFields' });
export type ImageEditFields = z.infer<typeof imageEditFields>;

/** What both answer. */
export const imagesAnswer = z
  .object({
    created: z.int(),
    data: z.array(
      z.object({
        b64_json: z.string().optional(),
        url: z.string().optional(),
        revised_prompt: z.string().meta({ description: 'The class’s name.' }),
        x_seed: z.int(),
      }),
    ),
    background: z.literal('opaque'),
    output_format: z.enum(['png', 'webp']),
    size: z.string(),
    usage: z.object({
      input_tokens: z.int(),
      output_tokens: z.int().meta({ description: 'Tokens of all images, all scales together.' }),
      total_tokens: z.int(),
      input_tokens_details: z.object({ image_tokens: z.int(), text_tokens: z.int() }),
    }),
  })
  .meta({ id: 'ImagesAnswer' });
export type ImagesAnswer = z.infer<typeof imagesAnswer>;
