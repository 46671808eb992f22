// Runs side by side: the settings in which they differ, and their metrics at equal numbers of images seen.
import { UsageError } from '../util/errors.js';
import type { MetricsRecord } from './runFolder.js';
import type { RunSummary } from './runs.js';

/** One setting, and what each run has; undefined where it has none. */
export interface SettingRow {
  setting: string;
  values: readonly unknown[];
}

/** One metric at some numbers of images: a row a number, a value a run. */
export interface MetricTable {
  metric: string;
  rows: readonly { imagesSeen: number; values: readonly number[] }[];
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The leaves of a tree of settings by their dotted paths; a list is a leaf. */
function leaves(tree: Readonly<Record<string, unknown>>, prefix = ''): (readonly [path: string, value: unknown])[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) ? leaves(value, `${prefix}${key}.`) : [[prefix + key, value] as const],
  );
}

/** The settings that are not the same in all runs. */
export function settingsThatDiffer(runs: readonly Pick<RunSummary, 'config'>[]): SettingRow[] {
  const all = runs.map(({ config }) => new Map(leaves(config)));
  const settings = new Set(all.flatMap((one) => [...one.keys()]));
  return Array.from(settings, (setting) => ({ setting, values: all.map((one) => one.get(setting)) })).filter(
    ({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1,
  );
}

/** A metric's value at a number of images: on the straight line between the records around it. */
function valueAt(records: readonly MetricsRecord[], metric: string, imagesSeen: number): number {
  const after = records.findIndex((one) => one.imagesSeen >= imagesSeen);
  const [a, b] = [records[Math.max(after - 1, 0)]!, records[after]!];
  if (b.imagesSeen === imagesSeen || a === b) return b[metric]!;
  const share = (imagesSeen - a.imagesSeen) / (b.imagesSeen - a.imagesSeen);
  return a[metric]! + share * (b[metric]! - a[metric]!);
}

/** Up to `count` of the numbers, evenly spread, the last one among them. */
function spread(numbers: readonly number[], count: number): number[] {
  if (numbers.length <= count) return [...numbers];
  return Array.from({ length: count }, (_, i) => numbers[Math.ceil(((i + 1) * numbers.length) / count) - 1]!);
}

/**
 * Metrics of several runs at equal numbers of images seen: at up to `points` numbers that the first run recorded and that lie within what
 * the others recorded, the largest such number among them.
 * @param metrics names of metrics; by default those that all runs have recorded
 * @throws UsageError where a run lacks a metric, or no number of images lies within all runs
 */
export function metricsSideBySide(
  runs: readonly RunSummary[],
  points: number,
  metrics: readonly string[] = sharedMetrics(runs),
): MetricTable[] {
  return metrics.map((metric) => {
    const series = runs.map(({ path, records }) => {
      const having = records.filter((one) => typeof one[metric] === 'number');
      if (!having.length) throw new UsageError(`${path}: it recorded no metric '${metric}'; it has ${named(records)}`);
      return having;
    });
    const from = Math.max(...series.map((records) => records[0]!.imagesSeen));
    const to = Math.min(...series.map((records) => records.at(-1)!.imagesSeen));
    const shared = series[0]!.map((one) => one.imagesSeen).filter((seen) => seen >= from && seen < to);
    if (from > to)
      throw new UsageError(`${metric}: one run's records end at ${to} images and another's begin at ${from}: there is nothing to compare`); // prettier-ignore
    const rows = spread([...shared, to], points).map((imagesSeen) => ({
      imagesSeen,
      values: series.map((records) => valueAt(records, metric, imagesSeen)),
    }));
    return { metric, rows };
  });
}

const isClock = (name: string) => name === 'step' || name === 'imagesSeen';

/** Names of what was recorded. */
const namesOf = (records: readonly MetricsRecord[]) =>
  [...new Set(records.flatMap((one) => Object.keys(one)))].filter((name) => !isClock(name));
const named = (records: readonly MetricsRecord[]) => namesOf(records).join(', ') || 'none';

function sharedMetrics(runs: readonly RunSummary[]): string[] {
  const [first = [], ...others] = runs.map(({ records }) => namesOf(records));
  return first.filter((name) => others.every((names) => names.includes(name)));
}
