// How far each figure would move with other draws, and whether two subjects differ by more. A subject is measured alone, so that the features of only
// one are held; what its replicates found is kept, and two subjects are compared by it.
import {
  assessCount,
  compareReplicates,
  type Comparison,
  comparisonSentence,
  type Estimate,
  estimateOf,
  extrapolate,
  type Extrapolation,
  type Replicates,
  replicatesOf,
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
  /** Images that a replicate drew. */
  drawn?: number;
  /** The distance at infinitely many samples. */
  line?: Extrapolation;
}

/** Figures of one subject with their noise. */
export function withNoise(
  label: string,
  metrics: readonly Metric[],
  { seed, replicates, draw }: NoiseOptions,
): Figure[] {
  const counts = metrics.map(({ resampled }, i) => (!resampled || !replicates ? 0 : i === 0 ? replicates : Math.max(replicates, usual.narrow))); // prettier-ignore
  const bar = progress({ label: `${label}: noise`, total: counts.reduce((a, b) => a + b, 0), unit: 'replicates', quiet: !replicates }); // prettier-ignore
  let done = 0;
  try {
    return metrics.map(({ resampled, ...metric }, i): Figure => {
      const count = counts[i]!;
      if (!resampled || count === 0) return metric;
      const begun = done;
      const found = replicatesOf(resampled, {
        seed: metric.over === 'reference' ? seed : seed + draw,
        replicates: count,
        each: (at) => { bar.update((done = begun + at)); },
      }); // prettier-ignore
      const line = i === 0 && resampled.count >= leastForLine ? { line: extrapolate(resampled, { seed }) } : {};
      return { ...metric, estimate: estimateOf(found), replicates: found, drawn: resampled.count, ...line };
    });
  } finally {
    bar.stop();
  }
}

/** Images from which on a line has points to go through. */
const leastForLine = 20;

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
    const together = figure.drawn === other.drawn && (figure.over === 'reference' || paired);
    const comparison = compareReplicates(figure.replicates, other.replicates, { paired: together });
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
