// Runs an experiment that refines, from the pretrained generators to the report.
import { join } from 'node:path';
import type { Assessor } from '../recipes/index.js';
import type { LoopEnd } from '../train/index.js';
import { writeFileAtomic } from '../util/files.js';
import { type ArmOptions, runArms } from './arms.js';
import { baseGenerator, type Images } from './base.js';
import type { RefinementExperiment } from './catalogue.js';
import type { Ground } from './grounds.js';
import { writePage } from './page.js';
import { type GroundResults, refinementPage } from './refinementReport.js';

/** What a ground is measured on. */
export interface Materials extends Images {
  data: string;
  assessor: Assessor;
}

/** The options of one experiment. */
export interface ExperimentOptions extends ArmOptions {
  /** A generator in place of the chosen ground's own. */
  generator?: string | undefined;
  /** How the user called it, for the report. */
  command: string;
}

/** Trains, measures, and writes `<out>/<experiment>/<ground>/`; answers that folder, and how it ended. */
export async function runRefinement(
  experiment: RefinementExperiment,
  chosen: Ground,
  materialsOf: (ground: Ground) => Promise<Materials>,
  options: ExperimentOptions,
): Promise<{ folder: string; end: LoopEnd }> {
  const folder = join(options.out, experiment.name, chosen.name);
  const all: GroundResults[] = [];
  for (const ground of experiment.grounds?.(chosen) ?? [chosen]) {
    const { data, assessor, ...images } = await materialsOf(ground);
    const own = ground === chosen ? options.generator : undefined;
    const base = own === undefined ? await baseGenerator(ground, data, images, options) : { generator: own, end: 'done' as const }; // prettier-ignore
    if (base.end !== 'done') return { folder, end: base.end };
    const site = { ground, data, train: images.train, generator: base.generator, assessor };
    const { results, end } = await runArms(site, experiment.arms, options);
    if (end !== 'done') return { folder, end };
    all.push({ site, results });
  }
  const kept = all.map(({ site, results }) => ({
    ground: site.ground.name,
    reference: site.assessor.reference,
    results,
  }));
  writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(kept, null, 1)}\n`);
  writePage(folder, await refinementPage(folder, experiment, all, options, options.command));
  return { folder, end: 'done' };
}
