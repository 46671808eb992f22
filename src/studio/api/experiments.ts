// Experiments: results that were measured, read from the folders that experiments and sweeps write. Numbers that are none are null.
import { z } from 'zod';
import { opaqueId } from './common.js';

const figure = z.number().nullable();
const figures = z.record(z.string(), figure);

/** A mean over a few values, and how sure it is. */
export const summary = z
  .object({
    count: z.int(),
    mean: figure,
    deviation: figure.meta({ description: 'Sample standard deviation.' }),
    halfWidth: figure.meta({ description: 'Half of the mean’s 95 % interval (Student’s t); null for one value.' }),
  })
  .meta({ id: 'Summary' });
export type Summary = z.infer<typeof summary>;

/** A figure that models are measured by. */
export const metric = z
  .object({ key: z.string(), name: z.string(), digits: z.int(), better: z.enum(['lower', 'higher']) })
  .meta({ id: 'Metric' });
export type Metric = z.infer<typeof metric>;

/** A way of sampling. */
export const experimentDraw = z
  .object({ cfg: z.number().meta({ description: 'Strength of guidance.' }), temperature: z.number() })
  .meta({ id: 'ExperimentDraw' });
export type ExperimentDraw = z.infer<typeof experimentDraw>;

/** One arm over its seeds. */
export const experimentArm = z
  .object({
    arm: z.string(),
    seeds: z.int(),
    measured: z.int(),
    diverged: z.int(),
    best: experimentDraw.nullable().meta({ description: 'With which the mean of the first metric is best.' }),
    points: z.array(experimentDraw.extend({ figures: z.record(z.string(), summary) })),
    toControl: z
      .object({ atBest: summary, atSame: summary })
      .nullable()
      .meta({ description: 'The first metric in per cent of the control’s, paired by seed.' }),
    stability: z.record(z.string(), summary).nullable(),
  })
  .meta({ id: 'ExperimentArm' });
export type ExperimentArm = z.infer<typeof experimentArm>;

/** One arm with one seed. */
export const experimentRun = z
  .object({
    arm: z.string(),
    seed: z.int(),
    diverged: z.string().nullable(),
    measurements: z.array(experimentDraw.extend({ figures })),
    losses: z.array(z.tuple([z.number(), figure])).meta({ description: 'Images seen, nats.' }),
  })
  .meta({ id: 'ExperimentRun' });
export type ExperimentRun = z.infer<typeof experimentRun>;

/** What was compared on one data set, from one generator. */
export const experimentGround = z
  .object({
    name: z.string(),
    reference: z.string(),
    metrics: z.array(metric).meta({ description: 'The first one is what arms are compared by.' }),
    draws: z.array(experimentDraw).meta({ description: 'What all arms were measured with.' }),
    control: z.string().nullable(),
    arms: z.array(experimentArm),
    runs: z.array(experimentRun),
  })
  .meta({ id: 'ExperimentGround' });
export type ExperimentGround = z.infer<typeof experimentGround>;

const pair = z.tuple([z.number(), z.number()]);

/** A picture whose cells are known, so that they can be cut out of it: a group of rows an image. Places in pixels, x before y. */
export const cellPicture = z
  .object({
    file: z.string(),
    size: pair,
    first: pair.meta({ description: 'Corner of the first cell.' }),
    box: pair.meta({ description: 'Size of a cell.' }),
    step: pair.meta({ description: 'From one cell to the next.' }),
    columns: z.array(z.string()),
    groups: z.array(z.object({ name: z.string(), rows: z.array(z.string()) })),
  })
  .meta({ id: 'CellPicture' });
export type CellPicture = z.infer<typeof cellPicture>;

/** A figure of every scale, for several generators. */
export const scaleChart = z
  .object({
    key: z.string(),
    title: z.string(),
    unit: z.string(),
    digits: z.int(),
    scales: z.array(z.string()),
    series: z.array(
      z.object({
        name: z.string(),
        values: z.array(
          z
            .object({ mean: figure, images: figure, seeds: figure })
            .nullable()
            .meta({ description: 'Mean, and its spread over images and over seeds; null where a scale has none.' }),
        ),
      }),
    ),
    picture: z.string().nullable().meta({ description: 'Name of the file that shows it as pictures.' }),
  })
  .meta({ id: 'ScaleChart' });
export type ScaleChart = z.infer<typeof scaleChart>;

/** A figure of several generators, with its values by seed. */
export const groupChart = metric
  .extend({
    unit: z.string(),
    rows: z.array(z.object({ name: z.string(), summary, values: z.array(figure) })),
    reference: z.string().nullable().meta({ description: 'The row that others are held against.' }),
  })
  .meta({ id: 'GroupChart' });
export type GroupChart = z.infer<typeof groupChart>;

/** A measured point of a sweep. */
export const sweepPoint = z
  .object({
    model: z.string(),
    cfg: z.number(),
    topK: z.number(),
    topP: z.number(),
    temperature: z.number(),
    seed: z.int(),
    figures,
  })
  .meta({ id: 'SweepPoint' });
export type SweepPoint = z.infer<typeof sweepPoint>;

/** What there is of an experiment as numbers, by kind. */
export const experimentResults = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('arms'), grounds: z.array(experimentGround) }),
    z.object({ kind: z.literal('scales'), charts: z.array(scaleChart), pictures: z.array(cellPicture) }),
    z.object({ kind: z.literal('groups'), charts: z.array(groupChart), pictures: z.array(cellPicture) }),
    z.object({ kind: z.literal('sweep'), metrics: z.array(metric), points: z.array(sweepPoint) }),
    z.object({ kind: z.literal('report') }),
  ])
  .meta({ id: 'ExperimentResults' });
export type ExperimentResults = z.infer<typeof experimentResults>;

/** An experiment in a list. */
export const experiment = z
  .object({
    id: opaqueId,
    name: z.string().meta({ description: 'Where it lies below the folder that it was found in.' }),
    title: z.string(),
    kind: z.enum(['arms', 'scales', 'groups', 'sweep', 'report']),
    said: z.string().meta({ description: 'What it compares, in a few words.' }),
    place: z.enum(['folder', 'project']).meta({ description: 'The opened folder, or what comes with Scalewise.' }),
    written: z.iso.datetime(),
  })
  .meta({ id: 'Experiment' });
export type Experiment = z.infer<typeof experiment>;

/** All experiments, those of the opened folder first, the one written last before the others. */
export const experimentList = z
  .object({
    experiments: z.array(experiment),
    problems: z.array(z.string()).meta({ description: 'What could not be read, a sentence each.' }),
  })
  .meta({ id: 'ExperimentList' });
export type ExperimentList = z.infer<typeof experimentList>;

/** A file of an experiment. */
export const experimentFile = z
  .object({ name: z.string(), bytes: z.number() })
  .meta({ id: 'ExperimentFile', description: 'A report, a picture, or numbers.' });
export type ExperimentFile = z.infer<typeof experimentFile>;

/** All about one experiment. */
export const experimentDetails = experiment
  .extend({
    about: z.array(z.string()).meta({ description: 'Paragraphs: where it comes from, what was expected.' }),
    command: z.string().nullable().meta({ description: 'The command that makes it.' }),
    results: experimentResults,
    files: z.array(experimentFile),
  })
  .meta({ id: 'ExperimentDetails' });
export type ExperimentDetails = z.infer<typeof experimentDetails>;
