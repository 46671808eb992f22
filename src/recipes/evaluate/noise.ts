// How far each figure would move with other draws, and whether two subjects differ by more. A subject is measured alone, so that the features of only
// one are held; what its replicates found is kept, and two subjects are compared by it.
import {
  assessCount,
  type BootstrapOptions,
  compareReplicates,
  type Comparison,
  comparisonSentence,
  type Estimate,
  estimateOf,
  extrapolate,
  type Extrapolation,
  type Replicates,
  type Resampled,
  replicatesOf,
  resampledInfinity,
} from '../../evaluate/index.js';
import { progress } from '../../util/progress.js';
import type { Metric } from './metrics.js';

/** How noise is found. */
export interface NoiseOptions {
  seed: number;
  /** Replicates of the distance, and of figures that cost less; 0 for no noise, no extrapolation and no comparison. */
  replicates: number;
  /** Subjects with one draw are resampled with the same numbers. */
  draw: number;
  /** Of the features: the noise of a line through 15 counts is found of narrow ones only. */
  width: number;
}

/** Features up to which a Fréchet distance's replicate takes no time to speak of. */
const narrow = 512;
const usual = { narrow: 200, wide: 40 };

/** Replicates unless the user says otherwise: the statistics and eigenvalues of wide features take long. */
export function usualReplicates(width: number): number {
  return width <= narrow ? usual.narrow : usual.wide;
}

/** A figure with its noise. */
export interface Figure extends Omit<Metric, 'resampled'> {
  /** Absent where it was not found. */
  estimate?: Estimate;
  /** What it was found from, for comparisons. */
  replicates?: Replicates;
  /** The distance at infinitely many samples, with its noise where features are narrow enough for it. */
  line?: Extrapolation & { interval?: Omit<Estimate, 'value'> };
}

/** Figures of one subject with their noise. */
export function withNoise(label: string, metrics: readonly Metric[], options: NoiseOptions): Figure[] {
  const { replicates, draw, seed, width } = options;
  const counts = metrics.map(({ resampled }, i) => (!resampled || !replicates ? 0 : i === 0 ? replicates : Math.max(replicates, usual.narrow))); // prettier-ignore
  const ofLine = width <= narrow ? Math.min(counts[0]!, linesDrawn) : 0;
  const total = counts.reduce((a, b) => a + b, 0) + ((metrics[0]?.resampled?.count ?? 0) >= leastForLine ? ofLine : 0);
  const bar = progress({ label: `${label}: noise`, total, unit: 'replicates', quiet: !replicates });
  let done = 0;
  const each = () => { bar.update(++done); };
  const how = { seed: seed + draw, each };
  try {
    return metrics.map(({ resampled, ...metric }, i): Figure => {
      const count = counts[i]!;
      if (!resampled || count === 0) return metric;
      // of a mean over subsets the noise is that of all pairs, which differs from it by the choice of subsets alone
      const found = { ...replicatesOf(resampled, { ...how, replicates: count }), value: metric.value };
      const hasLine = i === 0 && resampled.count >= leastForLine;
      const line = hasLine && { line: lineOf(resampled, { ...how, replicates: ofLine }, seed) };
      return { ...metric, estimate: estimateOf(found), replicates: found, ...line };
    });
  } finally {
    bar.stop();
  }
} // prettier-ignore

/** Images from which on a line has points to go through. */
const leastForLine = 20;
/** Replicates of the line, each of which takes a distance for every point. */
const linesDrawn = 40;

/** The distance at infinitely many images, and how far it would move with other draws; that not where `how` has no replicates. */
function lineOf(distance: Resampled, how: BootstrapOptions & { replicates: number }, seed: number): NonNullable<Figure['line']> {
  const line = extrapolate(distance, { seed });
  if (how.replicates < 2) return line;
  const { found } = replicatesOf(resampledInfinity(distance, { seed }), how);
  const { low, high, level, deviation, bias, replicates } = estimateOf({ value: line.infinity, found });
  return { ...line, interval: { low, high, level, deviation, bias, replicates } };
} // prettier-ignore

/** One figure of two subjects compared. */
export interface FigureComparison extends Comparison {
  key: string;
  sentence: string;
}

/** What is compared. */
export interface Measured {
  name: string;
  count: number;
  figures: readonly Figure[];
}

/**
 * Compares the figures that both have, from what their replicates found.
 * @param paired whether the samples of both were drawn, and resampled, with the same numbers
 */
export function compareFigures(a: Measured, b: Measured, paired: boolean): FigureComparison[] {
  return a.figures.flatMap((figure): FigureComparison[] => {
    const other = b.figures.find(({ key }) => key === figure.key);
    if (!figure.replicates || !other?.replicates) return [];
    const comparison = compareReplicates(figure.replicates, other.replicates, { paired });
    const { key, name, better } = figure;
    const sentence = comparisonSentence(comparison, { metric: name, a: a.name, b: b.name, better, images: Math.min(a.count, b.count) }); // prettier-ignore
    return [{ key, sentence, ...comparison }];
  });
}

/** Sentences on a distance whose count is too small. */
export function countWarnings({ name, count, figures }: Measured, width: number): string[] {
  const [distance] = figures;
  if (!distance?.estimate) return [];
  const { estimate, line } = distance;
  return assessCount(estimate, count, { metric: `${name}: ${distance.name}`, width, ...(line && { line }) }).warnings;
}
