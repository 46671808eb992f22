// Numbers of results files, and the metrics that they are of. JSON has no word for what is no number: files have it as null or as text.
import { z } from 'zod';
import { summarise } from '../../experiments/summary.js';
import type { Metric, Summary } from '../api/index.js';

/** The answer's number: null where there is none. */
export const orNull = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** A number of a file; NaN where it is none. */
export const number = z
  .union([z.number(), z.null(), z.enum(['NaN', 'Infinity', '-Infinity'])])
  .transform((value) => (value === null ? NaN : Number(value)));

/** Figures by their keys. */
export const figures = z.record(z.string(), number);

/** Mean, spread and interval for the answer; of no values, and of what is no number, they are null. */
export function summaryOf(values: readonly number[]): Summary {
  if (!values.length) return { count: 0, mean: null, deviation: null, halfWidth: null };
  return plainSummary(summarise(values));
}

/** A summary as JSON has it. */
export function plainSummary({ count, mean, deviation, halfWidth }: { [key in keyof Summary]: number }): Summary {
  return { count, mean: orNull(mean), deviation: orNull(deviation), halfWidth: orNull(halfWidth) };
}

const known: Readonly<Record<string, Omit<Metric, 'key'>>> = {
  fcd: { name: 'FCD', digits: 2, better: 'lower' },
  fid: { name: 'FID', digits: 2, better: 'lower' },
  sfid: { name: 'sFID', digits: 2, better: 'lower' },
  kcd: { name: 'KCD', digits: 4, better: 'lower' },
  kid: { name: 'KID', digits: 4, better: 'lower' },
  inceptionScore: { name: 'Inception Score', digits: 2, better: 'higher' },
  inceptionScoreShuffled: { name: 'Inception Score, shuffled', digits: 2, better: 'higher' },
  precision: { name: 'precision', digits: 3, better: 'higher' },
  recall: { name: 'recall', digits: 3, better: 'higher' },
  density: { name: 'density', digits: 3, better: 'higher' },
  coverage: { name: 'coverage', digits: 3, better: 'higher' },
  agreement: { name: 'class agreement', digits: 3, better: 'higher' },
  distance: { name: 'feature distance', digits: 2, better: 'lower' },
  frechet: { name: 'Fréchet distance', digits: 2, better: 'lower' },
};

/** What a key measures; of one that is not known, the key is the name and less is better. */
export function metricOf(key: string): Metric {
  return { key, ...(Object.hasOwn(known, key) ? known[key]! : { name: key, digits: 3, better: 'lower' }) };
}

/** The metrics of some figures, without the count of images among them. */
export function metricsOf(all: readonly Readonly<Record<string, number>>[]): Metric[] {
  const keys = new Set(all.flatMap((one) => Object.keys(one)));
  keys.delete('images');
  return Array.from(keys, metricOf);
}
