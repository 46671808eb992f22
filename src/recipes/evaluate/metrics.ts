// The figures that a network's features allow, each with what its noise is found from.
// Legend: N references, M samples, D features, K classes.
import {
  FrechetFrom,
  frechetDistanceOf,
  inceptionScoreInOrder,
  inceptionScoreShuffled,
  inceptionSplit,
  mostKernelImages,
  precisionRecall,
  type Resampled,
  resampledDensityCoverage,
  resampledFrechet,
  resampledInceptionScore,
  resampledKernelDistance,
  resampledMean,
  resampledPrecisionRecall,
  subsetKernelDistance,
} from '../../evaluate/index.js';
import { keep, noGrad, scope, type Tensor, tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import type { Column } from '../assessor.js';
import type { FeatureSet } from './gather.js';
import type { EvaluationNetwork } from './network.js';
import type { Reference } from './reference.js';
import { spread } from './subject.js';

/** Neighbours of precision and recall. */
export const precisionNeighbours = 3;
/** Subsets of the kernel distance, as others take KID. */
export const kernelSubsets = { subsets: 100, size: 1000 } as const;

/** A figure of some samples. */
export interface Metric extends Column {
  better: 'lower' | 'higher';
  value: number;
  /** Least and largest value that there can be. */
  range?: readonly [number, number];
  /** Standard deviation over splits or subsets, where the metric is a mean over them; not the value's error. */
  deviation?: number;
  /** The same figure of other draws of the samples; absent where that would need features that are not held. */
  resampled?: Resampled;
}

/** What the samples' features are of. */
export interface MetricOptions {
  /** The distance's name, see protocol.ts. */
  distance: string;
  /** Class that was asked for, of each sample. */
  labels: readonly number[] | undefined;
  seed: number;
  /** Keys of the figures that are wanted; all by default. */
  only?: readonly string[];
}

/** Distances first, the headline before all; which figures there are depends on the network and on whether the reference has images. */
export function metricsOf(
  network: EvaluationNetwork,
  reference: Reference,
  features: FeatureSet,
  options: MetricOptions,
): { metrics: Metric[]; neighbours: number; [Symbol.dispose](): void } {
  refuseOtherWidth(network, reference, features);
  const from = new FrechetFrom(reference.statistics);
  const near_ND = neighboursOf(reference, features);
  const wants = (...keys: string[]) => !options.only || keys.some((key) => options.only!.includes(key));
  const metrics = [
    headline(network, from, features, options),
    ...(wants('sfid') ? spatialDistance(network, reference, features) : []),
    ...(wants('inceptionScore', 'inceptionScoreShuffled') ? inceptionScores(network, features, options) : []),
    ...(near_ND && wants('precision', 'recall') ? precisionAndRecall(near_ND, features) : []),
    ...(near_ND && wants('density', 'coverage') ? densityAndCoverage(near_ND, features) : []),
    ...(near_ND && wants(network.kernel.key) ? [kernelMetric(network, reference.features_ND!, features, options)] : []),
    ...agreement(network, features, options),
  ].filter(({ key }) => wants(key));
  const dispose = () => {
    for (const { resampled } of metrics) resampled?.[Symbol.dispose]?.();
    from[Symbol.dispose]();
    if (near_ND !== reference.features_ND) near_ND?.dispose();
  };
  return { metrics, neighbours: near_ND?.size(0) ?? 0, [Symbol.dispose]: dispose };
}

/** The figures that `metricsOf` gives, known beforehand; the distance, which comes first, under its plain name. */
export function columnsOf(
  { kind, distance, kernel }: EvaluationNetwork,
  { features_ND, spatial }: Reference,
): Column[] {
  const shares = ['precision', 'recall', 'density', 'coverage'].map((key) => ({ key, name: key, digits: 4 }));
  return [
    { ...distance, digits: 3 },
    ...(kind === 'inception' && spatial ? [{ key: 'sfid', name: spatialName(distance), digits: 3 }] : []),
    ...(kind === 'inception' ? scoreColumns : []),
    ...(features_ND ? [...shares, { ...kernel, digits: 5 }] : []),
    ...(kind === 'classifier' ? [{ key: 'agreement', name: 'class agreement', digits: 4 }] : []),
  ];
}

const spatialName = ({ name }: { name: string }) => name.replace('FID', 'sFID');

const scoreColumns = [
  { key: 'inceptionScore', name: `Inception Score, splits of ${inceptionSplit} in file order`, digits: 3 },
  { key: 'inceptionScoreShuffled', name: 'Inception Score, splits shuffled', digits: 3 },
] as const;

function refuseOtherWidth({ name }: EvaluationNetwork, reference: Reference, { pool_ND }: FeatureSet): void {
  const [expected, found] = [reference.statistics.mean_D.size(0), pool_ND.size(1)];
  if (expected !== found)
    throw new UsageError(`${reference.name}: expected statistics of ${found} features as ${name} has, found ${expected}; they are another network's`); // prettier-ignore
}

/** The references that precision and its like look at: as many as samples where they are matched, spread over all; else all. */
function neighboursOf({ features_ND, matched }: Reference, { count }: FeatureSet): Tensor | undefined {
  if (!features_ND || !matched || count >= features_ND.size(0)) return features_ND;
  const numbers = spread(features_ND.size(0), count);
  return scope(() => keep(features_ND.indexSelect(0, tensor(numbers, { dtype: 'int64' }))));
}

function headline(
  { distance }: EvaluationNetwork,
  from: FrechetFrom,
  { statistics, pool_ND }: FeatureSet,
  options: MetricOptions,
): Metric {
  const value = from.distance(statistics);
  return { key: distance.key, name: options.distance, digits: 3, better: 'lower', range: [0, Infinity], value, resampled: resampledFrechet(from, pool_ND) }; // prettier-ignore
}

function spatialDistance({ distance }: EvaluationNetwork, reference: Reference, { spatial }: FeatureSet): Metric[] {
  if (!spatial || !reference.spatial) return [];
  const value = frechetDistanceOf(reference.spatial, spatial);
  return [{ key: 'sfid', name: spatialName(distance), digits: 3, better: 'lower', value }]; // prettier-ignore
}

function inceptionScores({ kind }: EvaluationNetwork, { logits_NK }: FeatureSet, { seed }: MetricOptions): Metric[] {
  if (kind !== 'inception' || !logits_NK) return [];
  const common = { better: 'higher' } as const;
  const [inOrder, shuffled] = [inceptionScoreInOrder(logits_NK), inceptionScoreShuffled(logits_NK, seed)];
  return [
    { ...scoreColumns[0], ...common, value: inOrder.mean, deviation: inOrder.deviation }, // prettier-ignore
    { ...scoreColumns[1], ...common, value: shuffled.mean, deviation: shuffled.deviation, resampled: resampledInceptionScore(logits_NK, seed) }, // prettier-ignore
  ];
}

/** A share, of which more is better. */
const shareOf = (key: string, value: number, resampled: Resampled): Metric => ({ key, name: key, digits: 4, better: 'higher', range: [0, 1], value, resampled }); // prettier-ignore

function precisionAndRecall(near_ND: Tensor, { pool_ND }: FeatureSet): Metric[] {
  const { precision, recall } = precisionRecall(near_ND, pool_ND, precisionNeighbours);
  const resampled = resampledPrecisionRecall(near_ND, pool_ND, precisionNeighbours);
  return [shareOf('precision', precision, resampled.precision), shareOf('recall', recall, resampled.recall)];
}

function densityAndCoverage(near_ND: Tensor, { pool_ND }: FeatureSet): Metric[] {
  const { density, coverage } = resampledDensityCoverage(near_ND, pool_ND);
  const range = [0, Infinity] as const; // a density is relative to the references'
  return [
    { ...shareOf('density', valueOf(density), density), range },
    shareOf('coverage', valueOf(coverage), coverage),
  ];
}

function kernelMetric(
  { kernel }: EvaluationNetwork,
  reference_ND: Tensor,
  { pool_ND }: FeatureSet,
  { seed }: MetricOptions,
): Metric {
  const { mean, deviation } = subsetKernelDistance(reference_ND, pool_ND, { ...kernelSubsets, seed });
  const resampled = pool_ND.size(0) <= mostKernelImages ? resampledKernelDistance(reference_ND, pool_ND) : undefined;
  return { ...kernel, digits: 5, better: 'lower', value: mean, deviation, ...(resampled && { resampled }) };
}

/** How often the classifier finds the class that was asked for. */
function agreement(
  { kind }: EvaluationNetwork,
  { logits_NK }: FeatureSet,
  { labels }: Pick<MetricOptions, 'labels'>,
): Metric[] {
  if (kind !== 'classifier' || !logits_NK || !labels) return [];
  const resampled = scope(() => resampledMean(logits_NK.argmax(1).eq(tensor(labels, { dtype: 'int64' }))));
  return [{ ...shareOf('agreement', valueOf(resampled), resampled), name: 'class agreement' }];
}

/** A metric of all images, each once. */
function valueOf({ count, of }: Resampled): number {
  return noGrad(() => scope(() => of(tensor(BigInt64Array.from({ length: count }, (_, i) => BigInt(i))))));
}
