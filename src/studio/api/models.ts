// Models: the generators that the studio was opened with, and those made of checkpoints since.
import { z } from 'zod';
import { modelId, scales } from './common.js';
import { samplingDefaults } from './sampling.js';

/** What a model is, beyond what OpenAI's clients know. */
export const modelDetails = z
  .object({
    family: z.enum(['flexvar', 'var']),
    /** By label. */
    classes: z.array(z.string()).meta({ description: 'Names of its classes, by label.' }),
    scales: scales.meta({ description: 'The scales that it samples with by default.' }),
    imageSize: z
      .tuple([z.int().positive(), z.int().positive()])
      .meta({ description: 'Height and width in pixels of what these scales make.' }),
    stride: z.int().positive().meta({ description: 'Pixels a token of the last scale, along each side.' }),
    vocabularySize: z.int().positive().meta({ description: 'Codes that a token may be.' }),
    schedules: z.record(z.string(), scales).meta({ description: 'Lists of scales to choose from, by name.' }),
    anyScales: z.boolean().meta({ description: 'Whether it takes scales other than those of `schedules`.' }),
    canSmooth: z.boolean().meta({ description: 'Whether its codes can be mixed (`smooth`).' }),
    defaults: samplingDefaults,
    ramp: z.object({ steps: z.int().positive().nullable(), fullAbove: z.int().positive().nullable() }).meta({
      description:
        'How guidance of the shape `ramp` rises: to its strength in so many steps, at most (null: over all scales), and at once where a side has more tokens than `fullAbove`.',
    }),
    parameters: z.int().positive().meta({ description: 'Numbers that it consists of.' }),
    source: z.string().meta({ description: 'What it was made of, for people: a short name, never a path.' }),
    data: z.string().meta({ description: 'The data that it was trained on.' }),
  })
  .meta({ id: 'ModelDetails' });
export type ModelDetails = z.infer<typeof modelDetails>;

/** A model in the shape of OpenAI's API. */
export const model = z
  .object({
    id: modelId,
    object: z.literal('model'),
    created: z.int().meta({ description: 'When its file was written, in seconds since 1970.' }),
    owned_by: z.string(),
    scalewise: modelDetails,
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof model>;

/** `GET /v1/models`. */
export const modelList = z.object({ object: z.literal('list'), data: z.array(model) }).meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof modelList>;
