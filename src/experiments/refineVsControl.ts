// Does SAR do more than as many more steps of teacher forcing? From one checkpoint both arms are trained with several seeds at the same learning
// rate, and judged with the same sampling seeds at several strengths of guidance: at each model's own best, and at the same one.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSet } from '../data/index.js';
import {
  generatorToRefine,
  type Judge,
  judgeModel,
  loadModels,
  refinePresets,
  refineSettings,
  settlePrecision,
  targetsFor,
  trainGenerator,
  type Verdict,
} from '../recipes/index.js';
import { alone, type LoopEnd } from '../train/index.js';
import { writeFileAtomic } from '../util/files.js';
import { resolveSettings } from '../util/settings.js';

/** The two arms. */
export const arms = ['sar', 'control'] as const;
export type ArmName = (typeof arms)[number];

/** What the experiment is told. */
export interface RefineVsControlOptions {
  generator: string;
  out: string;
  preset: keyof typeof refinePresets;
  data: string;
  seeds: number;
  /** Strengths of guidance that every model is judged at. */
  cfgs: readonly number[];
  /** Samples a judgement. */
  count: number;
  device: string;
  threads: number;
  /** Further settings of both arms, as --set. */
  set: readonly string[];
  say: (line: string) => void;
}

/** One judgement. */
export interface Outcome {
  arm: ArmName | 'before';
  seed: number;
  cfg: number;
  figures: Verdict;
}

/** Mean and spread (sample standard deviation) over seeds. */
export interface Summary {
  arm: Outcome['arm'];
  cfg: number;
  mean: Verdict;
  spread: Verdict;
}

const keys = ['images', 'fcd', 'precision', 'recall', 'agreement'] as const;

/** Judges a model at every strength of guidance; what a stopped run had measured is read from its file. */
function judgeAtAll(
  options: RefineVsControlOptions,
  judge: Judge,
  place: string,
  arm: Outcome['arm'],
  seed: number,
): Outcome[] {
  const { cfgs, count, device, out } = options;
  const file = (cfg: number) => join(out, 'figures', `${arm}-${seed}-cfg${cfg}-n${count}.json`);
  const missing = cfgs.filter((cfg) => !existsSync(file(cfg)));
  if (missing.length) {
    const models = loadModels(place, undefined, device);
    const precision = settlePrecision('auto', device);
    for (const cfg of missing) {
      options.say(`judging ${arm}, seed ${seed}, guidance ${cfg}`);
      const guidance = cfg === 0 ? undefined : ({ shape: 'ramp', scale: cfg } as const);
      const how = { scales: models.card.scales, guidance, precision, device };
      const figures = judgeModel(judge, models, how, { count, batchSize: 100, seed: 0 });
      writeFileAtomic(file(cfg), `${JSON.stringify(figures)}\n`);
    }
    models.generator.dispose();
    models.tokenizer.dispose();
  }
  return cfgs.map((cfg) => ({ arm, seed, cfg, figures: JSON.parse(readFileSync(file(cfg), 'utf8')) as Verdict }));
}

/** Trains and judges both arms with every seed; undefined where a signal stopped it. */
export async function refineVsControl(
  options: RefineVsControlOptions,
  train: ImageSet,
  judge: Judge,
): Promise<{ outcomes: Outcome[]; end: LoopEnd }> {
  const { preset, data, device, threads, generator, say } = options;
  const outcomes = judgeAtAll(options, judge, generator, 'before', 0);
  for (let seed = 0; seed < options.seeds; seed++) {
    for (const arm of arms) {
      const place = join(options.out, `${arm}-${seed}`);
      const set = [...options.set, `forcing.forcing=${arm === 'sar' ? 'sar' : 'teacher'}`];
      const direct = { data, seed, device, threads, generator };
      const settings = resolveSettings('experiment', refineSettings, refinePresets, { preset, set, direct });
      const before = generatorToRefine(settings, train.classes);
      const targets = await targetsFor(settings, before.tokenizer, train);
      const end = await trainGenerator('refine', settings, before, targets, place, { world: alone, say });
      await targets.close();
      if (end !== 'done') return { outcomes, end };
      outcomes.push(...judgeAtAll(options, judge, place, arm, seed));
    }
  }
  return { outcomes, end: 'done' };
}

/** Mean and spread of every arm at every strength of guidance. */
export function summarise(outcomes: readonly Outcome[]): Summary[] {
  const groups = new Map<string, Outcome[]>();
  for (const one of outcomes) {
    const key = `${one.arm} ${one.cfg}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return Array.from(groups.values(), (group) => {
    const { arm, cfg } = group[0]!;
    const meanOf = (key: (typeof keys)[number]) => group.reduce((sum, one) => sum + one.figures[key], 0) / group.length;
    const mean = Object.fromEntries(keys.map((key) => [key, meanOf(key)])) as unknown as Verdict;
    const spreadOf = (key: (typeof keys)[number]) =>
      group.length < 2
        ? 0
        : Math.sqrt(group.reduce((sum, one) => sum + (one.figures[key] - mean[key]) ** 2, 0) / (group.length - 1));
    return {
      arm,
      cfg,
      mean,
      spread: Object.fromEntries(keys.map((key) => [key, spreadOf(key)])) as unknown as Verdict,
    };
  });
}

/** Difference SAR − control of each seed at one strength of guidance: the seeds are paired, they saw the same batches. */
export function pairedDifferences(outcomes: readonly Outcome[], cfg: number): number[] {
  const fcd = (arm: ArmName, seed: number) =>
    outcomes.find((one) => one.arm === arm && one.seed === seed && one.cfg === cfg)?.figures.fcd;
  const seeds = [...new Set(outcomes.filter((one) => one.arm === 'sar').map((one) => one.seed))];
  return seeds.flatMap((seed) => {
    const [sar, control] = [fcd('sar', seed), fcd('control', seed)];
    return sar === undefined || control === undefined ? [] : [sar - control];
  });
}
