// What the records hold of an experiment whose arms may still be trained and measured, here or on other machines: enough for a report.
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ArmOptions, type ArmResult, openRecords, type ReportSite } from './arms.js';
import type { Arm } from './catalogue.js';
import { measurementsOf, missing } from './measurements.js';
import type { SeedRange } from './seeds.js';

/** What there is of an experiment's arms, and sentences about what is not. */
export interface Recorded {
  results: ArmResult[];
  lacking: string[];
}

/** The seeds of a range in a folder of records, in order. */
function seedsIn(folder: string, { first, last }: SeedRange): number[] {
  if (!existsSync(folder)) return [];
  const seeds = readdirSync(folder).flatMap((name) => /^seed-(\d+)\.json$/.exec(name)?.[1] ?? []);
  return seeds.map(Number).filter((seed) => seed >= first && seed <= last).sort((a, b) => a - b); // prettier-ignore
}

type Records = ReturnType<typeof openRecords>;

/** `seed 1` or `seeds 0, 2`. */
const named = (seeds: readonly number[]) => `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;

/** What there is of one arm, among the seeds that any arm has. */
function resultsOf(
  site: ReportSite,
  records: Records,
  arm: Arm,
  begun: readonly number[],
  options: ArmOptions,
): Recorded {
  // prettier-ignore
  const seeds = seedsIn(dirname(records.pathOf(arm, 0)), options.seeds);
  const results: ArmResult[] = [];
  const partly: number[] = [];
  for (const seed of seeds) {
    const { record } = records.of(arm, seed);
    const { training } = record;
    const isWhole = training && (training.diverged !== undefined || !missing(site, record, options).length);
    if (!isWhole) partly.push(seed);
    else {
      const measurements = training.diverged === undefined ? measurementsOf(site, record, options) : [];
      results.push({ arm: arm.name, seed, training, measurements });
    }
  }
  const lacking = partly.map((seed) => `${arm.name}, seed ${seed}: trained, but not measured with every way of sampling.`); // prettier-ignore
  const absent = begun.filter((seed) => !seeds.includes(seed));
  if (!seeds.length) lacking.push(`${arm.name}: no seed is there.`);
  else if (absent.length) lacking.push(`${arm.name}, ${named(absent)}: not there, as other arms' are.`);
  return { results, lacking };
}

/**
 * The results that the records hold, the pretrained generator first: of each arm those of `options.seeds` that were measured with
 * every way of sampling, or diverged. Nothing is trained or measured.
 * @throws UsageError where a record tells of another generator or of other settings
 */
export function recordedArms(site: ReportSite, arms: readonly Arm[], options: ArmOptions): Recorded {
  const records = openRecords(site, options);
  const begun = [...new Set(arms.flatMap((arm) => seedsIn(dirname(records.pathOf(arm, 0)), options.seeds)))].sort((a, b) => a - b); // prettier-ignore
  const all = arms.map((arm) => resultsOf(site, records, arm, begun, options));
  const before = records.before();
  const isMeasured = !missing(site, before, options).length;
  const first = isMeasured ? [{ arm: 'before', seed: 0, measurements: measurementsOf(site, before, options) }] : [];
  return {
    results: [...first, ...all.flatMap(({ results }) => results)],
    lacking: [
      ...(isMeasured ? [] : ['before: not measured with every way of sampling.']),
      ...all.flatMap(({ lacking }) => lacking),
    ],
  };
}
