// How far each figure would move with other draws, and whether two subjects differ by more. A subject is measured alone, so that the features of only
// one are held; what its replicates found is kept, and two subjects are compared by it.
import {
  assessCount,
  compareReplicates,
  type Comparison,
  comparisonSentence,
  drawReplicates,
  type Estimate,
  estimateOf,
  extrapolate,
  type Extrapolation,
  type Replicates,
  type Resampled,
  resampledInfinity,
} from '../../evaluate/index.js';
import { progress } from '../../util/progress.js';
import type { Metric } from './metrics.js';
import { forgetful, type NoiseStore } from './noiseStore.js';

/** How noise is found. */
export interface NoiseOptions {
  seed: number;
  /** Replicates of the distance, and of figures that cost less; 0 for no noise, no extrapolation and no comparison. */
  replicates: number;
  /** Subjects with one draw are resampled with the same numbers. */
  draw: number;
  /** Of the features: of wide ones the noise of a line through counts is found from few and short ones. */
  width: number;
  /** Keeps what was found; nothing by default. */
  store?: NoiseStore;
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
  /** The distance at infinitely many samples, with its noise where there are replicates enough. */
  line?: Extrapolation & { interval?: Omit<Estimate, 'value'> };
}

/** An estimate whose interval ends where the figure's values do. */
function within(estimate: Estimate, [least, most]: readonly [number, number] = [-Infinity, Infinity]): Estimate {
  const clamp = (one: number) => Math.min(most, Math.max(least, one));
  return { ...estimate, low: clamp(estimate.low), high: clamp(estimate.high) };
}

/** Figures of one subject with their noise. */
export function withNoise(label: string, metrics: readonly Metric[], options: NoiseOptions): Figure[] {
  const { replicates, draw, seed, width, store = forgetful } = options;
  const counts = metrics.map(({ resampled }, i) => (!resampled || !replicates ? 0 : i === 0 ? replicates : Math.max(replicates, usual.narrow))); // prettier-ignore
  const hasLine = counts[0]! > 0 && metrics[0]!.resampled!.count >= leastForLine;
  const lines = hasLine ? linesOf(width, replicates) : undefined;
  const total = counts.reduce((a, b) => a + b, 0) + (lines?.replicates ?? 0);
  const bar = progress({ label: `${label}: noise`, total, unit: 'replicates', quiet: !replicates });
  let done = 0;
  const each = () => { bar.update(++done); };
  const drawn = (name: string, resampled: Resampled, count: number): number[] => {
    const before = done;
    const found = store.once(name, () => drawReplicates(resampled, { seed: seed + draw, replicates: count, each }));
    bar.update((done = before + count));
    return found;
  };
  try {
    return metrics.map(({ resampled, ...metric }, i): Figure => {
      const count = counts[i]!;
      if (!resampled || count === 0) return metric;
      // of a mean over subsets the noise is that of all pairs, which differs from it by the choice of subsets alone
      const found = { found: drawn(metric.key, resampled, count), value: metric.value };
      const figure = { ...metric, estimate: within(estimateOf(found), metric.range), replicates: found };
      if (i > 0 || !hasLine) return figure;
      const line = store.once('line', () => extrapolate(resampled, { seed }));
      const ends = lines && drawn('line of replicates', resampledInfinity(resampled, { seed, counts: lines.counts }), lines.replicates); // prettier-ignore
      return { ...figure, line: { ...line, ...(ends && { interval: lines.interval({ value: line.infinity, found: ends }) }) } }; // prettier-ignore
    });
  } finally {
    bar.stop();
  }
} // prettier-ignore

/** Images from which on a line has points to go through. */
const leastForLine = 20;

/** How far a line's end would move is found from so many replicates, each a line through so many counts. */
interface Lines {
  replicates: number;
  counts: number;
  interval: (ends: Replicates) => Omit<Estimate, 'value'>;
}

/** Student's t of 9 degrees of freedom, two-sided 95 %: of ten lines, percentiles would say nothing. */
const studentOfTen = 2.262;

/** The lines of features of a width; none where replicates are fewer than they take. */
function linesOf(width: number, replicates: number): Lines | undefined {
  if (width <= narrow) return { replicates: Math.min(replicates, 40), counts: 15, interval: percentiles };
  return replicates < 10 ? undefined : { replicates: 10, counts: 5, interval: byDeviation };
}

function percentiles(ends: Replicates): Omit<Estimate, 'value'> {
  const { low, high, level, deviation, bias, replicates } = estimateOf(ends);
  return { low, high, level, deviation, bias, replicates };
}

function byDeviation(ends: Replicates): Omit<Estimate, 'value'> {
  const found = percentiles(ends);
  const half = studentOfTen * found.deviation;
  return { ...found, low: ends.value - half, high: ends.value + half };
}

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
