// Refinements: trainings that the studio starts, as `scalewise refine` does, in the folder that it was opened on.
import { z } from 'zod';
import { modelId, opaqueId } from './common.js';

/** A dotted path of a setting. */
export const settingPath = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]{0,40}(\.[a-z][A-Za-z0-9]{0,40}){0,3}$/, 'expected the path of a setting, such as optimizer.learningRate'); // prettier-ignore

const settingValue = z.union([z.string().max(200), z.number(), z.boolean(), z.null(), z.array(z.number()).max(64)]);

/** What `POST /api/refinements` takes. */
export const refinementRequest = z
  .strictObject({
    model: modelId.optional().meta({ description: 'The model to refine; or else `run`.' }),
    run: opaqueId.optional().meta({ description: 'The training whose generator is refined.' }),
    checkpoint: opaqueId.optional().meta({ description: 'Its checkpoint; the newest one without it.' }),
    data: z.string().max(64).meta({ description: 'An id among the data that GET /api/refinements/options lists.' }),
    preset: z.string().max(64).meta({ description: 'Where settings begin.' }),
    name: z.string().trim().min(1).max(60).meta({ description: 'For people; the folder is named after it.' }),
    set: z
      .record(settingPath, settingValue)
      .default({})
      .refine((set) => Object.keys(set).length <= 64, 'expected at most 64 settings')
      .meta({ description: 'Settings over the preset; texts are read as the command line reads what follows `=`.' }),
  })
  .meta({ id: 'RefinementRequest' });
export type RefinementRequest = z.infer<typeof refinementRequest>;

/** Its answer. */
export const refinementAccepted = z
  .object({ run: opaqueId.meta({ description: 'Its id among the refinements and among the runs.' }) })
  .meta({ id: 'RefinementAccepted' });
export type RefinementAccepted = z.infer<typeof refinementAccepted>;

/** Where a refinement stands. */
export const refinementState = z.enum(['running', 'stopping', 'done', 'stopped', 'failed']).meta({
  id: 'RefinementState',
  description: '`stopping`: it was told to, and saves. `stopped`: it saved and left; the same request goes on with it.',
});
export type RefinementState = z.infer<typeof refinementState>;

/** A refinement that a studio on this folder started. */
export const refinement = z
  .object({
    run: opaqueId,
    name: z.string(),
    folder: z.string().meta({ description: 'Its folder in the opened one, which is its name among the runs.' }),
    from: z.string().meta({ description: 'What is refined, for people.' }),
    request: refinementRequest.meta({ id: 'RefinementAsked', description: 'The request that goes on with it.' }),
    state: refinementState,
    exitCode: z.int().nullable(),
    begun: z.iso.datetime(),
    ended: z.iso.datetime().nullable(),
    progress: z
      .object({ imagesSeen: z.number(), images: z.number(), loss: z.number().nullable() })
      .nullable()
      .meta({ description: 'null before it has written anything.' }),
    log: z.array(z.string()).meta({ description: 'The last lines of its log.' }),
  })
  .meta({ id: 'Refinement' });
export type Refinement = z.infer<typeof refinement>;

/** All of them, the newest first. */
export const refinementList = z.object({ refinements: z.array(refinement) }).meta({ id: 'RefinementList' });
export type RefinementList = z.infer<typeof refinementList>;

/** A setting that may be given. */
export const settingField = z
  .object({
    path: z.string(),
    kind: z.enum(['integer', 'number', 'boolean', 'choice', 'list', 'text']),
    options: z.array(z.string()).optional().meta({ description: 'Of a choice.' }),
    least: z.number().optional(),
    above: z.number().optional(),
    most: z.number().optional(),
    nullable: z.boolean().meta({ description: 'Whether it may be null.' }),
  })
  .meta({ id: 'SettingField' });
export type SettingField = z.infer<typeof settingField>;

/** Where settings begin. */
export const refinementPreset = z
  .object({
    name: z.string(),
    values: z.record(z.string(), z.unknown()).meta({ description: 'Every setting by its path, defaults included.' }),
  })
  .meta({ id: 'RefinementPreset' });
export type RefinementPreset = z.infer<typeof refinementPreset>;

/** Images that may be trained on. */
export const refinementData = z
  .object({
    id: z.string(),
    name: z.string(),
    ready: z.boolean().meta({ description: 'Whether it is on this machine; `scalewise data get` fetches it.' }),
  })
  .meta({ id: 'RefinementData' });
export type RefinementData = z.infer<typeof refinementData>;

/** What a form needs to know. */
export const refinementOptions = z
  .object({
    presets: z.array(refinementPreset),
    fields: z.array(settingField),
    data: z.array(refinementData),
    most: z.int().meta({ description: 'How many may run at a time.' }),
    closed: z.string().nullable().meta({ description: 'Why none can be started here, as a sentence.' }),
  })
  .meta({ id: 'RefinementOptions' });
export type RefinementOptions = z.infer<typeof refinementOptions>;
