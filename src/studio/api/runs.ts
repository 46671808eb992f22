// Runs: the trainings below the folder that the studio was opened on, read as they are written.
import { z } from 'zod';
import { modelId, opaqueId } from './common.js';

/** How a training stands. */
export const runState = z.enum(['running', 'done', 'unfinished', 'damaged']).meta({
  id: 'RunState',
  description: '`running`: a process writes to it now. `unfinished`: it may be running on another machine.',
});
export type RunState = z.infer<typeof runState>;

/** A training in a list. */
export const run = z
  .object({
    id: opaqueId,
    name: z.string().meta({ description: 'For people: where it lies below the opened folder.' }),
    kind: z.string().meta({ description: 'tokenizer, train or refine.' }),
    family: z.string().nullable(),
    state: runState,
    data: z.string().nullable().meta({ description: 'The data that it trains on.' }),
    imagesSeen: z.number().meta({ description: 'Images of its newest record.' }),
    images: z.number().meta({ description: 'Images to train on in all.' }),
    loss: z.number().nullable().meta({ description: 'Loss of its newest record.' }),
    written: z.iso.datetime().meta({ description: 'When something in it was written last.' }),
    bytes: z.number(),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof run>;

/** All trainings, the one written last first. */
export const runList = z
  .object({
    runs: z.array(run),
    problems: z.array(z.string()).meta({ description: 'What could not be read, a sentence each.' }),
  })
  .meta({ id: 'RunList' });
export type RunList = z.infer<typeof runList>;

/** A checkpoint of a training. */
export const runCheckpoint = z
  .object({
    id: opaqueId,
    imagesSeen: z.number().nullable().meta({ description: 'null where its manifest cannot be read.' }),
    bytes: z.number(),
    kept: z.boolean().meta({ description: 'Whether it stays for good.' }),
    problem: z.string().nullable().meta({ description: 'What is wrong with it.' }),
  })
  .meta({ id: 'RunCheckpoint' });
export type RunCheckpoint = z.infer<typeof runCheckpoint>;

/** All about one training but its records. */
export const runDetails = run
  .extend({
    config: z.record(z.string(), z.unknown()).meta({ description: 'Its settings, defaults included.' }),
    checkpoints: z.array(runCheckpoint).meta({ description: 'Newest first.' }),
    problems: z.array(z.string()).meta({ description: 'What is wrong with it, a sentence each.' }),
    host: z.string().nullable().meta({ description: 'The machine that wrote to it last.' }),
  })
  .meta({ id: 'RunDetails' });
export type RunDetails = z.infer<typeof runDetails>;

/** The model that a checkpoint was made. */
export const runModel = z.object({ id: modelId }).meta({ id: 'RunModel' });
export type RunModel = z.infer<typeof runModel>;

/** One line of `metrics.jsonl`. */
export const runRecord = z
  .looseObject({ imagesSeen: z.number() })
  .meta({ id: 'RunRecord', description: 'Images seen, and the metrics recorded then by their names.' });
export type RunRecord = z.infer<typeof runRecord>;

/** A grid of samples that a training wrote. */
export const runSample = z
  .object({ name: z.string(), step: z.int().nullable().meta({ description: 'The step after which it was drawn.' }) })
  .meta({ id: 'RunSample' });
export type RunSample = z.infer<typeof runSample>;

/** A setting that two trainings do not share; null where one has none. */
export const settingDifference = z
  .object({ setting: z.string(), values: z.array(z.unknown()) })
  .meta({ id: 'SettingDifference' });
export type SettingDifference = z.infer<typeof settingDifference>;

/** `event: records` of `GET /api/runs/:id/events`. */
export const recordsEvent = z
  .object({
    after: z
      .number()
      .nullable()
      .meta({ description: 'Images of the record before these; null for none. What was known beyond it is void.' }),
    records: z.array(runRecord),
  })
  .meta({ id: 'RecordsEvent' });
export type RecordsEvent = z.infer<typeof recordsEvent>;

/** All events of a training, by their names; `state` and `samples` are sent first and whenever they change. */
export interface RunEvents {
  records: RecordsEvent;
  state: Run;
  samples: RunSample[];
}
