// How images are sampled: what a request may say besides model, class and number.
import { z } from 'zod';
import { limits, scale, scales } from './common.js';

/** One value for all scales, or one a scale. */
const perScale = <T extends z.ZodType>(value: T) => z.union([value, z.array(value).min(1).max(limits.scales)]);

const cfg = z.number().min(0).max(limits.cfg);

/** The settings, each with the meaning of the flag of `scalewise sample` of its name. */
export const samplingFields = {
  seed: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER - limits.images)
    .meta({ description: 'Seed of the first image; the next ones follow.' }),
  cfg: cfg.meta({ description: 'Strength of guidance; 0 for none (1 where it is constant).' }),
  guidance: z.union([z.enum(['ramp', 'constant']), z.array(cfg).min(1).max(limits.scales)]).meta({
    description: 'From none at the first scale to `cfg` at the last, constant, or a weight a scale in place of `cfg`.',
  }),
  topK: perScale(z.int().min(0).max(1_000_000)).meta({
    description: 'Draw from the k most probable codes; 0 for all.',
  }),
  topP: perScale(z.number().min(0).max(1)).meta({
    description: 'Draw from the most probable codes of this mass; 0 for all.',
  }),
  temperature: perScale(z.number().min(0.01).max(100)).meta({ description: 'Divides the logits.' }),
  scales: scales.meta({ description: 'The list of scales; the model’s own by default.' }),
  greedy: z.union([z.literal('published'), z.array(scale).max(limits.scales)]).meta({
    description: 'Scales at which the most probable token is taken; `published`: where the family’s sampler does so.',
  }),
  smooth: z.boolean().meta({ description: 'Mix codes instead of choosing one, where the family allows it.' }),
};

/** What holds where a request does not say it. */
export const samplingDefaults = z
  .object({
    cfg,
    guidance: z.enum(['ramp', 'constant']),
    topK: z.int(),
    topP: z.number(),
    temperature: z.number(),
    smooth: z.boolean(),
  })
  .meta({ id: 'SamplingDefaults' });
export type SamplingDefaults = z.infer<typeof samplingDefaults>;

/** All of the settings, as they were settled. */
export const samplingSettings = z.object({ ...samplingFields, greedy: samplingFields.greedy.optional() });
export type SamplingSettings = z.infer<typeof samplingSettings>;

const className = z.string().min(1).max(200);
const classLabel = z.int().min(0).max(1_000_000);

/** A class by label or name. */
export const oneClass = z.union([classLabel, className]);

/** A class, classes with weights, or null for none. */
export const classChoice = z
  .union([
    oneClass,
    z
      .array(z.tuple([oneClass, z.number().min(0).max(1000)]))
      .min(1)
      .max(limits.mixed),
    z.null(),
  ])
  .meta({ id: 'ClassChoice', description: 'A class by label or name, classes with weights, or null for no class.' });
export type ClassChoice = z.infer<typeof classChoice>;
