// Trains the arms of an experiment with several seeds and measures every model at several strengths of guidance and temperatures. Arms of one seed see the same
// batches and are sampled with the same random numbers; other seeds have others, so that the spread over seeds holds the noise of sampling too. What is there already, of a stopped run or of another experiment, is not made again.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ImageSet, ImageSource } from '../data/index.js';
import {
  type Assessor,
  type Figures,
  findWeights,
  generatorToRefine,
  loadModels,
  type Measure,
  refinePresets,
  type RefineSettings,
  refineSettings,
  type SamplingSettings,
  settlePrecision,
  targetsFor,
  trainGenerator,
} from '../recipes/index.js';
import { alone, DivergenceError, type LoopEnd } from '../train/index.js';
import { sha256File } from '../util/files.js';
import { UsageError } from '../util/errors.js';
import { resolveSettings } from '../util/settings.js';
import type { Workplace } from './base.js';
import { type Arm, folderOf, settingsOf } from './catalogue.js';
import { type Draw, type Draws, drawsOf, drawText } from './draw.js';
import { evaluationOf, type Measured } from './evaluations.js';
import type { Ground } from './grounds.js';
import { measurementKey, measurementsOf, missing } from './measurements.js';
import { ArmRecord, recordPath, type Training } from './record.js';
import { type SeedRange, seedsOf } from './seeds.js';

/** How models are sampled to be measured. */
export interface Measuring extends Draws {
  topK: number;
  topP: number;
  count: number;
  batchSize: number;
}

/** A ground with all that reports of its arms need. */
export interface ReportSite {
  ground: Ground;
  data: string;
  /** Path of the generator that is refined. */
  generator: string;
  assessor: Measure;
}

/** A ground with all that its arms need. */
export interface Site extends ReportSite {
  train: ImageSet | ImageSource;
  assessor: Assessor;
}

/** What of an experiment the user settles. */
export interface ArmOptions extends Workplace, Measuring {
  seeds: SeedRange;
  /** Further settings of every arm, as --set. */
  set: readonly string[];
}

/** Figures of one model, sampled in one way. */
export interface Measurement extends Draw {
  figures: Figures;
}

/** One arm with one seed. */
export interface ArmResult {
  arm: string;
  seed: number;
  /** None where the training diverged. */
  measurements: Measurement[];
  /** How it was trained; absent for the pretrained generator. */
  training?: Training;
}

/** Folder of an arm's training. */
export function placeOf(out: string, { name }: Ground, arm: Arm, more: readonly string[], seed: number): string {
  return join(out, 'models', name, folderOf(arm, more), `seed-${seed}`);
}

/** A trained arm's key among the records of a ground; the pretrained generator's is `before`. */
export function recordKey(arm: Arm, more: readonly string[], seed: number): string {
  return join(folderOf(arm, more), `seed-${seed}`);
}

/** Takes from evaluations that were made elsewhere what a record lacks. */
function takeEvaluations(
  { assessor, ground }: Site,
  what: Omit<Measured, 'ground'>,
  record: ArmRecord,
  options: ArmOptions,
) {
  for (const draw of drawsOf(options)) {
    const name = measurementKey(assessor, options, draw);
    if (record.measurement(name)) continue;
    const figures = evaluationOf(options.out, { ...what, ground: ground.name }, assessor, draw, options);
    if (figures) record.keep(name, figures);
  }
}

/** Measures a model with every way of sampling that it was not measured with before, and the sampling seeds of the training's seed. */
function measure(site: Site, what: Omit<Measured, 'ground'>, record: ArmRecord, options: ArmOptions): Measurement[] {
  const { place, seed } = what;
  takeEvaluations(site, what, record, options);
  const { topK, topP, count, batchSize, device, say } = options;
  const { assessor } = site;
  const lacking = missing(site, record, options);
  if (lacking.length) {
    const models = loadModels(place, undefined, device);
    const precision = settlePrecision('auto', device);
    for (const draw of lacking) {
      const { cfg, temperature } = draw;
      say(`measuring ${place} at guidance ${drawText(draw, options)}`);
      const guidance = cfg === 0 ? undefined : ({ shape: 'ramp', scale: cfg } as const);
      const how: SamplingSettings = {
        scales: models.card.scales,
        guidance,
        topK,
        topP,
        temperature,
        precision,
        device,
      };
      record.keep(measurementKey(assessor, options, draw), assessor.assess(models, how, { count, batchSize, seed }));
    }
    models.generator.dispose();
    models.tokenizer.dispose();
  }
  return measurementsOf(site, record, options);
}

/** The settings of an arm's training. @throws UsageError where one of them is unknown or wrong */
export function trainingOf(
  site: Pick<ReportSite, 'ground' | 'data' | 'generator'>,
  arm: Arm,
  seed: number,
  { device, threads, set }: Pick<ArmOptions, 'device' | 'threads' | 'set'>,
): RefineSettings {
  const direct = { data: site.data, seed, device, threads, generator: site.generator };
  const sources = { preset: site.ground.refine, set: [...settingsOf(arm), ...set], direct };
  return resolveSettings('experiment', refineSettings, refinePresets, sources);
}

/** Tells a training from one of other settings: without where it runs, and the generator, whose weights are told by themselves. */
function markOf(settings: RefineSettings): string {
  const told = JSON.stringify({ ...settings, device: undefined, threads: undefined, generator: undefined });
  return createHash('sha256').update(told).digest('hex').slice(0, 16);
}

/** An arm with one seed: its settings, and what is known of it. */
export interface OpenArm {
  settings: RefineSettings;
  /** Tells the settings from others. */
  mark: string;
  record: ArmRecord;
}

/** Opens the records of a ground, whose generator is read once to tell it from others. */
export function openRecords(site: ReportSite, options: ArmOptions) {
  const start = sha256File(findWeights(site.generator, 'generator'));
  const path = (key: string) => recordPath(options.out, site.ground.name, key);
  const pathOf = (arm: Arm, seed: number) => path(recordKey(arm, options.set, seed));
  return {
    before: () => new ArmRecord(path('before'), start),
    pathOf,
    /** @throws UsageError where the record tells of another generator or of other settings */
    of(arm: Arm, seed: number): OpenArm {
      const settings = trainingOf(site, arm, seed, options);
      const record = new ArmRecord(pathOf(arm, seed), start);
      const mark = markOf(settings);
      record.expectSettings(mark);
      return { settings, mark, record };
    },
  };
}

/** Trains one arm; a sentence where it diverged. */
async function trainArm(
  site: Site,
  settings: RefineSettings,
  place: string,
  { say }: ArmOptions,
): Promise<{ end: LoopEnd; diverged?: string }> {
  const before = generatorToRefine(settings, site.train.classes);
  const targets = await targetsFor(settings, before.tokenizer, site.train);
  try {
    return { end: await trainGenerator('refine', settings, before, targets, place, { world: alone, say }) };
  } catch (error) {
    if (error instanceof UsageError && error.cause instanceof DivergenceError)
      return { end: 'done', diverged: error.message };
    throw error;
  } finally {
    await targets.close();
    before.generator.dispose();
    before.tokenizer.dispose();
  }
}

/** All arms with all seeds, the pretrained generator first; ends early where a signal stops it. Seed by seed, so that what is there compares. */
export async function runArms(
  site: Site,
  arms: readonly Arm[],
  options: ArmOptions,
): Promise<{ results: ArmResult[]; end: LoopEnd }> {
  const records = openRecords(site, options);
  const results: ArmResult[] = [
    {
      arm: 'before',
      seed: 0,
      measurements: measure(site, { key: 'before', place: site.generator, seed: 0 }, records.before(), options),
    },
  ];
  for (const seed of seedsOf(options.seeds))
    for (const arm of arms) {
      const place = placeOf(options.out, site.ground, arm, options.set, seed);
      const { settings, mark, record } = records.of(arm, seed);
      if (!record.training || (!record.training.diverged && missing(site, record, options).length)) {
        options.say(`${site.ground.title}: ${arm.name}, seed ${seed} (${place})`);
        const { end, diverged } = await trainArm(site, settings, place, options);
        if (end !== 'done') return { results, end };
        record.keepTraining(place, mark, diverged);
      }
      const training = record.training!;
      const measurements =
        training.diverged === undefined
          ? measure(site, { key: recordKey(arm, options.set, seed), place, seed }, record, options)
          : [];
      results.push({ arm: arm.name, seed, training, measurements });
    }
  return { results, end: 'done' };
}
