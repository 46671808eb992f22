// Runs an experiment that refines, from the pretrained generators to the report.
import { join } from 'node:path';
import type { Assessor } from '../recipes/index.js';
import type { LoopEnd } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import { type ArmOptions, type ReportSite, runArms } from './arms.js';
import { baseGenerator, generatorAtHand, type Images } from './base.js';
import type { RefinementExperiment } from './catalogue.js';
import type { Ground } from './grounds.js';
import { writePage } from './page.js';
import { recordedArms } from './recorded.js';
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

const groundsOf = ({ grounds }: RefinementExperiment, chosen: Ground) => grounds?.(chosen) ?? [chosen];

const folderFor = ({ out }: ExperimentOptions, { name }: RefinementExperiment, chosen: Ground) =>
  join(out, name, chosen.name);

/** Writes results, figures and report. */
async function writeResults(
  folder: string,
  experiment: RefinementExperiment,
  all: readonly GroundResults[],
  options: ExperimentOptions,
): Promise<void> {
  const kept = all.map(({ site, results }) => ({
    ground: site.ground.name,
    reference: site.assessor.reference,
    results,
  }));
  writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(kept, null, 1)}\n`);
  writePage(folder, await refinementPage(folder, experiment, all, options, options.command));
}

/** Trains, measures, and writes `<out>/<experiment>/<ground>/`; answers that folder, and how it ended. */
export async function runRefinement(
  experiment: RefinementExperiment,
  chosen: Ground,
  materialsOf: (ground: Ground) => Promise<Materials>,
  options: ExperimentOptions,
): Promise<{ folder: string; end: LoopEnd }> {
  const folder = folderFor(options, experiment, chosen);
  const all: GroundResults[] = [];
  for (const ground of groundsOf(experiment, chosen)) {
    const { data, assessor, ...images } = await materialsOf(ground);
    const own = ground === chosen ? options.generator : undefined;
    const base = own === undefined ? await baseGenerator(ground, data, images, options) : { generator: own, end: 'done' as const }; // prettier-ignore
    if (base.end !== 'done') return { folder, end: base.end };
    const site = { ground, data, train: images.train, generator: base.generator, assessor };
    const { results, end } = await runArms(site, experiment.arms, options);
    if (end !== 'done') return { folder, end };
    all.push({ site, results });
  }
  await writeResults(folder, experiment, all, options);
  return { folder, end: 'done' };
}

/**
 * Writes the same folder from the records that there are, and trains and measures nothing; grounds without a generator are left out.
 * @throws UsageError where there is no record at all
 */
export async function reportRefinement(
  experiment: RefinementExperiment,
  chosen: Ground,
  materialsOf: (ground: Ground) => Promise<Pick<ReportSite, 'data' | 'assessor'>>,
  options: ExperimentOptions,
): Promise<{ folder: string; lacking: string[] }> {
  const folder = folderFor(options, experiment, chosen);
  const all: GroundResults[] = [];
  const lacking: string[] = [];
  for (const ground of groundsOf(experiment, chosen)) {
    const generator = (ground === chosen ? options.generator : undefined) ?? generatorAtHand(ground, options.out);
    if (generator === undefined) {
      lacking.push(`${ground.title}: its generator is not trained.`);
      continue;
    }
    const site = { ground, generator, ...(await materialsOf(ground)) };
    const recorded = recordedArms(site, experiment.arms, options);
    if (recorded.results.length) all.push({ site, ...recorded });
    lacking.push(...recorded.lacking.map((sentence) => `${ground.title}: ${sentence}`));
  }
  if (!all.length)
    throw new UsageError(`--report: expected records of measured models in ${join(options.out, 'records')}, found none of ${experiment.name} on ${chosen.name} with these settings; run the experiment without --report first`); // prettier-ignore
  await writeResults(folder, experiment, all, options);
  return { folder, lacking };
}
