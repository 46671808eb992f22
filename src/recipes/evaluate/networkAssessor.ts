// What sweeps and experiments compare models by, with any network: samples are drawn and measured in memory, without noise, and nothing is kept.
import { createHash } from 'node:crypto';
import { keep, scope } from '../../torch/index.js';
import { progress } from '../../util/progress.js';
import type { Assessor, Column, Figures, JudgeOptions } from '../assessor.js';
import type { Pair, SamplingSettings } from '../pictures.js';
import { MemoryStore } from './chunkStore.js';
import { collect, computeParts, type FeatureSet, gatherDefaults } from './gather.js';
import { drawSamples } from './generatorSubject.js';
import { columnsOf, metricsOf } from './metrics.js';
import { type EvaluationNetwork, inceptionNetwork, networkImages, outputOf } from './network.js';
import { openStatistics, type Reference, statisticsReference } from './reference.js';
import { batchesOf, type Subject } from './subject.js';

/** Features of a generator's samples, drawn at once; the network sees `networkBatch` of a batch at a time. */
function featuresOfSamples(
  network: EvaluationNetwork,
  pair: Pair,
  settings: SamplingSettings,
  { count, batchSize, seed, networkBatch }: JudgeOptions & { networkBatch: number },
): FeatureSet {
  const store = new MemoryStore();
  const { classes } = pair.generator.config;
  const bar = progress({ label: 'sampling', total: count, unit: 'images' });
  try {
    for (const [part, { first, size }] of batchesOf({ first: 0, size: count }, batchSize).entries()) {
      using bytes = drawSamples(pair, settings, { first, size, classes, seed });
      scope(() => {
        const output = outputOf(network, bytes, networkBatch);
        for (const one of Object.values(output)) keep(one);
        store.write(part, output);
      });
      bar.update(first + size);
    }
  } finally {
    bar.stop();
  }
  return collect({ name: 'samples', count }, store, batchSize);
}

/** Features of images in memory; of batches of `batchSize` where it is given, which the network sees whole. */
export async function featuresInMemory(
  subject: Subject,
  network: EvaluationNetwork,
  batchSize?: number,
): Promise<FeatureSet> {
  const store = new MemoryStore();
  const batches = batchSize === undefined ? {} : { partSize: batchSize, batchSize, networkBatch: batchSize };
  const how = { ...gatherDefaults, ...batches };
  await computeParts(subject, () => network, store, how);
  return collect(subject, store, how.partSize);
}

/** What is measured, and how. */
export interface AssessorOptions {
  /** The figures, the distance first; by default all that network and reference allow. */
  columns?: readonly Column[];
  /** Whether the network sees a batch of samples at once; else 25 of them at a time, as `scalewise evaluate` has it: last bits may differ. */
  wholeBatches?: boolean;
  /** By default a hash of the network and of what the reference is. */
  fingerprint?: string;
}

/** An assessor that measures images that are there already, too. */
export interface NetworkAssessor extends Assessor {
  /** @param labels class of each image, for whether the classifier finds it */
  figuresOf(features: FeatureSet, labels: readonly number[], seed: number): Figures;
}

/**
 * Assesses by a network's features against a reference: figures of `scalewise evaluate`. The caller disposes of both afterwards.
 * Image i has class i mod classes, and a seed made of the given one and i.
 */
export function networkAssessor(
  network: EvaluationNetwork,
  reference: Reference,
  { columns = columnsOf(network, reference), wholeBatches = false, fingerprint }: AssessorOptions = {},
): NetworkAssessor {
  const only = columns.map(({ key }) => key);
  const hash = () => createHash('sha256').update(network.sha256).update(JSON.stringify(reference.identity));
  const figuresOf = (features: FeatureSet, labels: readonly number[], seed: number): Figures => {
    const distance = network.distance.name;
    using found = metricsOf(network, reference, features, { distance, labels, seed, only });
    return { images: features.count, ...Object.fromEntries(found.metrics.map(({ key, value }) => [key, value])) };
  };
  return {
    headline: columns[0]!,
    columns,
    reference: reference.name,
    fingerprint: fingerprint ?? hash().digest('hex').slice(0, 16),
    figuresOf,
    assess: (pair, how, options) => {
      const networkBatch = wholeBatches ? options.batchSize : networkImages;
      using features = featuresOfSamples(network, pair, how, { ...options, networkBatch });
      const { classes } = pair.generator.config;
      const labels = Array.from({ length: options.count }, (_, i) => i % classes);
      return figuresOf(features, labels, options.seed);
    },
  };
}

/**
 * Assesses by Inception-v3 against a file of statistics, as ADM publishes them or `--write-reference` makes them: FID, sFID, Inception Score, and
 * with the file's images precision, recall, density, coverage and KID. Dispose of it, or use `using`.
 * @param options.weights the published file by default
 * @throws UsageError where the file is broken, or of another network's features
 */
export async function inceptionAssessor(
  path: string,
  { weights, device = 'cpu' }: { weights?: string; device?: string } = {},
): Promise<Assessor & Disposable> {
  const file = await openStatistics(path);
  const network = inceptionNetwork(weights, device);
  const features = file.images && (await featuresInMemory(file.images, network));
  const reference = await statisticsReference(file, network, features);
  return {
    ...networkAssessor(network, reference),
    [Symbol.dispose]() {
      reference[Symbol.dispose]();
      network.dispose();
    },
  };
}
