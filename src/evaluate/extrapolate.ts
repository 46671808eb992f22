// A metric at infinitely many images (Chong and Forsyth 2020, section 3): a Fréchet distance of N samples exceeds the true one by about a constant over
// N, which depends on the model; the line through values at several counts against 1/N meets the axis at FID∞. The reference's own count, the same
// for all models compared, keeps its share. An Inception Score falls short in the same way.
// Legend: N images.
import { Generator, randperm, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';
import type { Resampled } from './bootstrap.js';

/** How the line is drawn. */
export interface ExtrapolationOptions {
  seed: number;
  /** Counts, evenly spaced from the smallest to all images: 15, as the paper has. */
  counts?: number;
  /** 5000 as the authors' program has, or fewer where there are less than 50,000 images: a tenth, but 2000 or a quarter at least. */
  smallest?: number;
  /** Told after each count. */
  each?: (done: number, total: number) => void;
}

/** The line and what it goes through. */
export interface Extrapolation {
  /** Where it meets 1/N = 0. */
  infinity: number;
  /** The value at N is about `infinity` + `slope` / N. */
  slope: number;
  /** Root of the mean squared distance of the points from the line. */
  residual: number;
  points: readonly { count: number; value: number }[];
}

/** The counts whose values are taken. */
export function extrapolationCounts(
  images: number,
  { counts = 15, smallest }: Omit<ExtrapolationOptions, 'seed'>,
): number[] {
  const first = smallest ?? Math.min(5000, Math.max(Math.floor(images / 10), Math.min(2000, Math.floor(images / 4))));
  if (!(Number.isInteger(counts) && counts >= 2 && first >= 2 && first < images))
    throw new UsageError(`extrapolation: expected at least 2 counts between at least 2 images and ${images}, got ${counts} from ${first} on; draw more images`); // prettier-ignore
  const all = Array.from({ length: counts }, (_, i) => Math.floor(first + (i * (images - first)) / (counts - 1)));
  return [...new Set(all)];
}

/** The least squares' line y = a + b x. */
function line(x: readonly number[], y: readonly number[]): { a: number; b: number; residual: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [middleX, middleY] = [mean(x), mean(y)];
  const b = mean(x.map((one, i) => (one - middleX) * (y[i]! - middleY))) / mean(x.map((one) => (one - middleX) ** 2));
  const a = middleY - b * middleX;
  return { a, b, residual: Math.sqrt(mean(x.map((one, i) => (y[i]! - a - b * one) ** 2))) };
}

/**
 * A metric's values at several counts, each of a random subset without repeats, and where they lead to.
 * @throws UsageError where there are too few images
 */
export function extrapolate(metric: Resampled, options: ExtrapolationOptions): Extrapolation {
  const counts = extrapolationCounts(metric.count, options);
  const points = counts.map((count, i) => {
    using generator = new Generator(seedFor('extrapolation', options.seed, i));
    const value = scope(() => metric.of(randperm(metric.count, { generator }).narrow(0, 0, count)));
    options.each?.(i + 1, counts.length);
    return { count, value };
  });
  const { a, b, residual } = line(points.map(({ count }) => 1 / count), points.map(({ value }) => value)); // prettier-ignore
  return { infinity: a, slope: b, residual, points };
}

/** The extrapolation itself as a metric of resampled images, for its bootstraps: each replicate takes as many values as there are counts. */
export function resampledInfinity(metric: Resampled, options: ExtrapolationOptions): Resampled {
  const of = (index_n: Tensor) => {
    const drawn: Resampled = { count: index_n.size(0), of: (at) => metric.of(index_n.indexSelect(0, at)) };
    return extrapolate(drawn, options).infinity;
  };
  return { count: metric.count, of };
}
