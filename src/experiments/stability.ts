// How quietly a training went: what its logged loss and gradient norm say.
import { join } from 'node:path';
import { readJsonLines } from '../formats/index.js';
import type { MetricsRecord } from '../train/index.js';

/** Stability of one training, over what is a number in its log; NaN where nothing is. */
export interface Stability {
  /** Standard deviation of the logged loss about its straight-line trend, in nats. */
  oscillation: number;
  /** Mean and largest logged global norm of the gradient, before clipping. */
  gradientMean: number;
  gradientLargest: number;
  /** Mean logged loss of the last quarter, in nats, of which each strategy has its own. */
  finalLoss: number;
  /** Steps that were skipped because loss or gradient were not finite. */
  skipped: number;
}

/** Standard deviation of values about the straight line that fits them best; 0 for fewer than three. */
export function deviationFromTrend(values: readonly number[]): number {
  const count = values.length;
  if (count < 3) return 0;
  const middle = (count - 1) / 2;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const spread = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  const slope = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0) / spread;
  const squares = values.reduce((sum, value, i) => sum + (value - mean - slope * (i - middle)) ** 2, 0);
  return Math.sqrt(squares / (count - 2));
}

/** Stability of a run folder's training; undefined where it logged nothing. */
export function stabilityOf(run: string): Stability | undefined {
  const records = readJsonLines<MetricsRecord>(join(run, 'metrics.jsonl')).filter(({ loss }) => loss !== undefined);
  if (!records.length) return undefined;
  const numbersOf = (key: string) => records.flatMap((one) => (Number.isFinite(one[key]) ? [one[key]!] : [])); // in JSON, what is no number is null
  const losses = numbersOf('loss');
  const norms = numbersOf('gradient_norm');
  const lastQuarter = losses.slice(Math.floor((3 * losses.length) / 4));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length; // 0 / 0 of none
  return {
    oscillation: losses.length ? deviationFromTrend(losses) : NaN,
    gradientMean: mean(norms),
    gradientLargest: norms.length ? Math.max(...norms) : NaN,
    finalLoss: mean(lastQuarter),
    skipped: records.at(-1)!['skipped'] ?? 0,
  };
}
