// The records of a training as they come, and single metrics read out of them.
import type { RecordsEvent, RunRecord } from '../../../src/studio/api/index.js';

/** A metric over the images seen. */
export interface Points {
  x: number[];
  y: number[];
}

/** Records with those of an event: what was known beyond the place where they begin is void. */
export function withRecords(before: readonly RunRecord[], { after, records }: RecordsEvent): readonly RunRecord[] {
  if (after === null) return records;
  const end = before.findLastIndex((one) => one.imagesSeen <= after) + 1;
  return [...before.slice(0, end), ...records];
}

/** Names of what was recorded, in the order in which they came first. */
export function metricNames(records: readonly RunRecord[]): string[] {
  const names = new Set<string>();
  for (const record of records)
    for (const [name, value] of Object.entries(record)) if (typeof value === 'number') names.add(name);
  for (const clock of ['step', 'imagesSeen', 'skippedInRow']) names.delete(clock);
  return [...names];
}

/** The points of one metric; records that lack it are left out, and of several at one number of images the last one counts. */
export function pointsOf(records: readonly RunRecord[], metric: string): Points {
  const points: Points = { x: [], y: [] };
  for (const record of records) {
    const value = record[metric];
    if (typeof value !== 'number') continue;
    if (points.x.at(-1) === record.imagesSeen) points.y[points.y.length - 1] = value;
    else {
      points.x.push(record.imagesSeen);
      points.y.push(value);
    }
  }
  return points;
}

/**
 * A running mean, as TensorBoard has it: each value weighs 1 − `weight`, all before it `weight`, and what the first ones lack in weight is made up
 * for.
 */
export function smoothed(values: readonly number[], weight: number): number[] {
  if (weight <= 0) return [...values];
  let [sum, total] = [0, 0];
  return values.map((value) => {
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

/** The index of the point that is nearest to a place; −1 where there are none. */
export function nearestIndex(x: readonly number[], at: number): number {
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= at) low = middle;
    else high = middle;
  }
  if (high < 0) return -1;
  return Math.abs(x[high]! - at) < Math.abs(x[low]! - at) ? high : low;
}
