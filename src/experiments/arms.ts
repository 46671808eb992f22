// Trains the arms of an experiment with several seeds and measures every model at several strengths of guidance. Arms of one seed see the same
// batches; all models are sampled with the same seeds. What is there already, of a stopped run or of another experiment, is not made again.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSet } from '../data/index.js';
import {
  type Assessor,
  type Figures,
  generatorToRefine,
  loadModels,
  refinePresets,
  refineSettings,
  type SamplingSettings,
  settlePrecision,
  targetsFor,
  trainGenerator,
} from '../recipes/index.js';
import { alone, DivergenceError, type LoopEnd } from '../train/index.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { resolveSettings } from '../util/settings.js';
import type { Workplace } from './base.js';
import { type Arm, folderOf, settingsOf } from './catalogue.js';
import type { Ground } from './grounds.js';

/** How models are sampled to be measured. */
export interface Measuring {
  cfgs: readonly number[];
  topK: number;
  topP: number;
  count: number;
  batchSize: number;
}

/** A ground with all that its arms need. */
export interface Site {
  ground: Ground;
  data: string;
  train: ImageSet;
  /** Path of the generator that is refined. */
  generator: string;
  assessor: Assessor;
}

/** What of an experiment the user settles. */
export interface ArmOptions extends Workplace, Measuring {
  seeds: number;
  /** Further settings of every arm, as --set. */
  set: readonly string[];
}

/** Figures of one model at one strength of guidance. */
export interface Measurement {
  cfg: number;
  figures: Figures;
}

/** One arm with one seed. */
export interface ArmResult {
  arm: string;
  seed: number;
  /** Its run folder; the pretrained generator's path for `before`. */
  place: string;
  measurements: Measurement[];
  /** What ended the training early, where it diverged: then there are no measurements. */
  diverged?: string;
}

/** Folder of an arm's training. */
export function placeOf(out: string, { name }: Ground, arm: Arm, more: readonly string[], seed: number): string {
  return join(out, 'models', name, folderOf(arm, more), `seed-${seed}`);
}

/** Measures a model at every strength of guidance that was not measured before. */
export function measure(site: Site, place: string, key: string, options: ArmOptions): Measurement[] {
  const { cfgs, topK, topP, count, batchSize, device, out, say } = options;
  const filter = `${topK ? `-k${topK}` : ''}${topP ? `-p${topP}` : ''}`;
  const file = (cfg: number) =>
    join(out, 'figures', site.ground.name, `${key}-${site.assessor.headline.key}-cfg${cfg}${filter}-n${count}.json`);
  const missing = cfgs.filter((cfg) => !existsSync(file(cfg)));
  if (missing.length) {
    const models = loadModels(place, undefined, device);
    const precision = settlePrecision('auto', device);
    for (const cfg of missing) {
      say(`measuring ${key} at guidance ${cfg}`);
      const guidance = cfg === 0 ? undefined : ({ shape: 'ramp', scale: cfg } as const);
      const how: SamplingSettings = { scales: models.card.scales, guidance, topK, topP, precision, device };
      const figures = site.assessor.assess(models, how, { count, batchSize, seed: 0 });
      writeFileAtomic(file(cfg), `${JSON.stringify(figures)}\n`);
    }
    models.generator.dispose();
    models.tokenizer.dispose();
  }
  return cfgs.map((cfg) => {
    const path = file(cfg);
    return { cfg, figures: JSON.parse(explainIo(path, () => readFileSync(path, 'utf8'))) as Figures };
  });
}

/** Trains one arm with one seed; a sentence where it diverged. */
async function trainArm(
  site: Site,
  arm: Arm,
  seed: number,
  place: string,
  options: ArmOptions,
): Promise<{ end: LoopEnd; diverged?: string }> {
  const { device, threads, say } = options;
  const direct = { data: site.data, seed, device, threads, generator: site.generator };
  const sources = { preset: site.ground.refine, set: [...settingsOf(arm), ...options.set], direct };
  const settings = resolveSettings('experiment', refineSettings, refinePresets, sources);
  const before = generatorToRefine(settings, site.train.classes);
  const targets = await targetsFor(settings, before.tokenizer, site.train);
  try {
    return { end: await trainGenerator('refine', settings, before, targets, place, { world: alone, say }) };
  } catch (error) {
    if (error instanceof DivergenceError) return { end: 'done', diverged: error.message };
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
  const before = { arm: 'before', seed: 0, place: site.generator };
  const results: ArmResult[] = [{ ...before, measurements: measure(site, site.generator, 'before', options) }];
  for (let seed = 0; seed < options.seeds; seed++)
    for (const arm of arms) {
      const place = placeOf(options.out, site.ground, arm, options.set, seed);
      options.say(`${site.ground.title}: ${arm.name}, seed ${seed} (${place})`);
      const { end, diverged } = await trainArm(site, arm, seed, place, options);
      if (end !== 'done') return { results, end };
      const key = join(folderOf(arm, options.set), `seed-${seed}`);
      const measurements = diverged === undefined ? measure(site, place, key, options) : [];
      results.push({ arm: arm.name, seed, place, measurements, ...(diverged !== undefined && { diverged }) });
    }
  return { results, end: 'done' };
}
