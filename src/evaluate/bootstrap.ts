// How far a metric would move if other images had been drawn: the bootstrap over images (Efron and Tibshirani 1993, chapters 6 and 13), and the paired
// one for two models whose image i was drawn with the same random numbers: both are then resampled with the same numbers, and what moves both alike
// cancels (Koehn 2004 does so for translations of the same sentences). The reference's images are not resampled: they are the same for all models.
// Legend: N images.
import { arange, Generator, randint, randperm, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';

const usualLevel = 0.95;

/** A metric of some of a model's images. Dispose of one that has a `dispose`: it holds what all resamples need. */
export interface Resampled extends Partial<Disposable> {
  /** Images there are. */
  count: number;
  /** The metric of the images of these numbers, int64 [n]; one may come several times. */
  of: (index_n: Tensor) => number;
  /** Whether replicates are halves of the images, without repeats: of a metric to which copies are no images like others. */
  halves?: boolean;
}

/** How a bootstrap is made. */
export interface BootstrapOptions {
  seed: number;
  /** 200: enough for a standard error; an interval's ends are steadier with 1000. */
  replicates?: number;
  /** Share of the noise that an interval holds: 0.95. */
  level?: number;
  /** Told after each replicate. */
  each?: (done: number, total: number) => void;
}

/** A value and its noise. */
export interface Estimate {
  /** Of all the images, each once. */
  value: number;
  /** Standard deviation of the replicates: the value's standard error. */
  deviation: number;
  /** The interval. */
  low: number;
  high: number;
  level: number;
  /** By how much replicates exceed the value on average. It is taken off the interval. */
  bias: number;
  replicates: number;
}

/** A quantile of numbers, between neighbours in proportion (Hyndman and Fan 1996, definition 7, as NumPy's). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (at - Math.floor(at)) * (above - below);
}

/** The numbers of one replicate's images, with repeats or a half: the same for the same seed, replicate and count. */
function draw({ count, halves = false }: Resampled, seed: number, replicate: number): Tensor {
  using generator = new Generator(seedFor('bootstrap', seed, replicate));
  return halves
    ? randperm(count, { generator }).narrow(0, 0, Math.floor(count / 2))
    : randint(0, count, [count], { generator });
}

/**
 * Percentiles of replicates, less their bias: an image that comes twice in a replicate narrows it, so a Fréchet distance is larger in replicates by
 * about as much as it is larger at this count than at infinitely many images. The interval is one of the value at this count.
 */
export function estimateOf({ value, found }: Replicates, level = usualLevel): Estimate {
  if (!(level > 0 && level < 1)) throw new UsageError(`bootstrap: expected a level between 0 and 1, got ${level}`);
  const mean = found.reduce((a, b) => a + b, 0) / found.length;
  const squares = found.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const bias = mean - value;
  const tail = (1 - level) / 2;
  return {
    value,
    deviation: Math.sqrt(squares / (found.length - 1)),
    low: quantile(found, tail) - bias,
    high: quantile(found, 1 - tail) - bias,
    level,
    bias,
    replicates: found.length,
  };
}

/** A metric of all images, and of each replicate's: what estimates and comparisons are made of. Small, so that it can be kept instead of features. */
export interface Replicates {
  value: number;
  found: readonly number[];
}

/** The metric of each replicate: which images one has depends on the seed, its number and the count of images alone, so equal ones pair two models. */
export function drawReplicates(metric: Resampled, options: BootstrapOptions): number[] {
  const { seed, replicates = 200, each } = options;
  if (!(replicates >= 2)) throw new UsageError(`bootstrap: expected at least 2 replicates, got ${replicates}`);
  return Array.from({ length: replicates }, (_, i) => {
    const one = scope(() => metric.of(draw(metric, seed, i)));
    each?.(i + 1, replicates);
    return one;
  });
}

/** The metric of all images, and of replicates. */
export function replicatesOf(metric: Resampled, options: BootstrapOptions): Replicates {
  const found = drawReplicates(metric, options);
  return { value: scope(() => metric.of(arange(0, metric.count))), found };
}

/** A metric of all images, its standard error, and the percentile interval of its noise. The same seed gives the same result. */
export function bootstrap(metric: Resampled, options: BootstrapOptions): Estimate {
  return estimateOf(replicatesOf(metric, options), options.level);
}

/** Two models compared by one metric. */
export interface Comparison {
  a: Estimate;
  b: Estimate;
  /** a − b. */
  difference: Estimate;
  /** Whether both were resampled with the same numbers. */
  paired: boolean;
  /** Whether the interval of the difference leaves 0 out. */
  exceedsNoise: boolean;
}

/**
 * Compares two models by replicates that were drawn before.
 * @param options.paired whether both were drawn with one seed and count, and image i of both was made with the same random numbers
 */
export function compareReplicates(
  a: Replicates,
  b: Replicates,
  { paired, level = usualLevel }: { paired: boolean; level?: number },
): Comparison {
  if (a.found.length !== b.found.length)
    throw new UsageError(`bootstrap: expected as many replicates of both models, got ${a.found.length} and ${b.found.length}`); // prettier-ignore
  const differences = { value: a.value - b.value, found: a.found.map((one, i) => one - b.found[i]!) };
  const difference = estimateOf(differences, level);
  return {
    a: estimateOf(a, level),
    b: estimateOf(b, level),
    difference,
    paired,
    exceedsNoise: difference.low > 0 || difference.high < 0,
  };
}

/**
 * The difference of a metric between two models, and whether it exceeds the noise.
 * @param options.paired whether image i of both was drawn with the same random numbers (seed and class): true only then
 * @throws UsageError where a pair is asked for and the counts differ
 */
export function compareByBootstrap(
  a: Resampled,
  b: Resampled,
  options: BootstrapOptions & { paired: boolean },
): Comparison {
  const { seed, paired, each } = options;
  if (paired && a.count !== b.count)
    throw new UsageError(`bootstrap: expected as many images of both models to pair them, got ${a.count} and ${b.count}; draw as many, or compare them unpaired`); // prettier-ignore
  const first = replicatesOf(a, { ...options, each: (done, total) => each?.(done, 2 * total) });
  const second = replicatesOf(b, {
    ...options,
    seed: paired ? seed : seedFor(seed, 'other'),
    each: (done, total) => each?.(total + done, 2 * total),
  });
  return compareReplicates(first, second, options);
}

/** What a metric is called, what the models are, which way is better, and how many images there are of each. */
export interface ComparisonNames {
  metric: string;
  a: string;
  b: string;
  better: 'lower' | 'higher';
  images: number;
}

/** A comparison in one sentence. */
export function comparisonSentence(
  { difference, a, b, exceedsNoise, paired }: Comparison,
  names: ComparisonNames,
): string {
  const { value, deviation, low, high, level } = difference;
  const scale = deviation > 1e-9 * Math.abs(a.value) ? deviation : Math.abs(value); // two digits of the noise, where there is any
  const digits = Math.min(10, Math.max(0, 1 - Math.floor(Math.log10(scale || 1))));
  const show = (one: number) => one.toFixed(digits);
  const interval = `${Number((100 * level).toPrecision(6))} % interval ${show(low)} to ${show(high)}, ${paired ? 'paired' : 'unpaired'}`; // prettier-ignore
  const head = `${names.metric} ${show(a.value)} (${names.a}) and ${show(b.value)} (${names.b}): the difference of ${show(value)} (${interval})`; // prettier-ignore
  if (!exceedsNoise)
    return `${head} does not exceed the noise of ${names.images} images: which is better cannot be told.`;
  const isA = value < 0 === (names.better === 'lower');
  return `${head} exceeds the noise of ${names.images} images: ${isA ? names.a : names.b} is better.`;
}
