// Explanations: SAR's two passes over one image, by a model of the studio's: what it is fed, what it predicts, where the passes differ, what they cost.
import { z } from 'zod';
import { limits, modelId, scale, scales } from './common.js';
import { dataUrl, madeImage } from './generations.js';
import { oneClass, samplingFields } from './sampling.js';

/** A held-out image of the data that the model was trained on. */
export const heldOutChoice = z
  .strictObject({ data: z.int().min(0).max(10_000_000) })
  .meta({ id: 'HeldOutChoice', description: 'A held-out image, by its number in GET /api/explanations/images.' });

/** `POST /api/explanations`. */
export const explanationRequest = z
  .strictObject({
    model: modelId.optional().meta({ description: 'The first model by default.' }),
    image: z.union([heldOutChoice, dataUrl, madeImage]),
    class: z
      .union([oneClass, z.null()])
      .optional()
      .meta({ description: 'A class, or null for none; what is known of the image by default.' }),
    seed: samplingFields.seed.default(0).meta({ description: 'Draws the tokens of both passes.' }),
    choice: z
      .enum(['sample', 'argmax'])
      .default('sample')
      .meta({ description: 'Whether tokens are drawn, or the most probable ones are taken.' }),
    topK: z.int().min(0).max(1_000_000).default(900),
    topP: z.number().min(0).max(1).default(0.96),
    cfg: z
      .number()
      .min(0)
      .max(limits.cfg)
      .nullable()
      .default(2.5)
      .meta({ description: 'Guidance of the rollout, from half of it to all of it; null for none.' }),
  })
  .meta({ id: 'ExplanationRequest' });
export type ExplanationRequest = z.infer<typeof explanationRequest>;
/** What a client may write. */
export type ExplanationInput = z.input<typeof explanationRequest>;

const picture = z.string().meta({ description: 'A picture as a data: URL.' });
const tokens = z.array(z.int()).meta({ description: 'Codes, row by row.' });
const figures = (description: string) => z.array(z.number()).meta({ description });

/** One scale of the image's own tokens. */
export const pyramidLevel = z
  .object({
    scale,
    picture: picture.meta({ description: 'What decodes of the true tokens up to here.' }),
    alone: picture.nullable().meta({ description: 'What the scale adds by itself, where scales add up (VAR).' }),
    input: picture.nullable().meta({ description: 'What pass 1 is fed here, decoded; null at the first scale.' }),
    tokens,
  })
  .meta({ id: 'PyramidLevel' });
export type PyramidLevel = z.infer<typeof pyramidLevel>;

/** One scale of one pass. */
export const passLevel = z
  .object({
    scale,
    picture: picture.meta({ description: 'What decodes of the chosen tokens upon those that the pass was fed.' }),
    input: picture.nullable().meta({ description: 'What the pass is fed here, decoded; null at the first scale.' }),
    tokens,
    correct: z.array(z.boolean()).meta({ description: 'Whether a token is the true one.' }),
    entropy: figures('Bits of each token’s distribution, without guidance.'),
    loss: figures('Each token’s part of the pass’s loss, in nats; the student’s first scale has none.'),
  })
  .meta({ id: 'PassLevel' });
export type PassLevel = z.infer<typeof passLevel>;

/** The losses of one image, in nats. */
export const explainedLosses = z
  .object({
    teacher: figures('L_TF of each scale, the mean over its tokens.'),
    csf: z
      .array(z.number().nullable())
      .meta({ description: 'L_CSF of each scale; null at the first, which has no student.' }),
    teacherTotal: z.number().meta({ description: 'L_TF: the mean over the tokens of all scales.' }),
    csfTotal: z.number().nullable().meta({ description: 'L_CSF: the same over the student’s; null without any.' }),
    gamma: z.number().meta({ description: 'γ of L_SAR = L_TF + γ L_CSF, where nothing else is said.' }),
  })
  .meta({ id: 'ExplainedLosses' });
export type ExplainedLosses = z.infer<typeof explainedLosses>;

/** What `POST /api/explanations` answers. */
export const explanation = z
  .object({
    model: modelId,
    family: z.enum(['flexvar', 'var']),
    scales,
    class: z.object({ label: z.int().nullable(), name: z.string() }),
    image: picture,
    pyramid: z.array(pyramidLevel),
    teacher: z.array(passLevel).meta({ description: 'Pass 1: fed with the truth.' }),
    student: z.array(passLevel).meta({ description: 'Pass 2: fed with what pass 1 chose one scale before.' }),
    difference: z
      .array(z.array(z.number()))
      .meta({ description: 'KL(teacher ‖ student) in bits of each token of each scale, without guidance.' }),
    losses: explainedLosses,
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof explanation>;

/** `GET /api/explanations/images`. */
export const heldOutImages = z
  .object({
    data: z.string().meta({ description: 'The data that the model was trained on.' }),
    note: z.string().nullable().meta({ description: 'Why there are no images, and how to get them.' }),
    images: z.array(z.object({ index: z.int(), label: z.int().nullable(), class: z.string(), picture })),
  })
  .meta({ id: 'HeldOutImages' });
export type HeldOutImages = z.infer<typeof heldOutImages>;
