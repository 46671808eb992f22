// What the records hold of an experiment whose arms may still be trained and measured, here or on other machines: enough for a report.
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ArmOptions, type ArmResult, measurementsOf, missing, openRecords, type ReportSite } from './arms.js';
import type { Arm } from './catalogue.js';

/** What there is of an experiment's arms, and sentences about what is not. */
export interface Recorded {
  results: ArmResult[];
  lacking: string[];
}

/** The seeds in a folder of records, in order. */
function seedsIn(folder: string): number[] {
  if (!existsSync(folder)) return [];
  const seeds = readdirSync(folder).flatMap((name) => /^seed-(\d+)\.json$/.exec(name)?.[1] ?? []);
  return seeds.map(Number).sort((a, b) => a - b);
}

type Records = ReturnType<typeof openRecords>;

function resultsOf(site: ReportSite, records: Records, arm: Arm, options: ArmOptions): Recorded {
  const seeds = seedsIn(dirname(records.pathOf(arm, 0))).filter((seed) => seed < options.seeds);
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
  const lacking = partly.map((seed) => `${arm.name}, seed ${seed}: trained, but not measured at every strength of guidance.`); // prettier-ignore
  return { results, lacking: seeds.length ? lacking : [`${arm.name}: no seed is there.`] };
}

/**
 * The results that the records hold, the pretrained generator first: of each arm the seeds below `options.seeds` that were measured at every
 * strength of guidance, or diverged. Nothing is trained or measured.
 * @throws UsageError where a record tells of another generator or of other settings
 */
export function recordedArms(site: ReportSite, arms: readonly Arm[], options: ArmOptions): Recorded {
  const records = openRecords(site, options);
  const all = arms.map((arm) => resultsOf(site, records, arm, options));
  const before = records.before();
  const isMeasured = !missing(site, before, options).length;
  const first = isMeasured ? [{ arm: 'before', seed: 0, measurements: measurementsOf(site, before, options) }] : [];
  return {
    results: [...first, ...all.flatMap(({ results }) => results)],
    lacking: [
      ...(isMeasured ? [] : ['before: not measured at every strength of guidance.']),
      ...all.flatMap(({ lacking }) => lacking),
    ],
  };
}
