// What sweeps and experiments compare models by, with any network: samples are drawn and measured in memory, without noise, and nothing is kept.
import { createHash } from 'node:crypto';
import { progress } from '../../util/progress.js';
import type { Assessor, Figures } from '../assessor.js';
import type { JudgeOptions } from '../judge.js';
import type { Pair, SamplingSettings } from '../pictures.js';
import { MemoryStore } from './chunkStore.js';
import { collect, computeParts, type FeatureSet, gatherDefaults, outputOf } from './gather.js';
import { drawSamples } from './generatorSubject.js';
import { columnsOf, metricsOf } from './metrics.js';
import { type EvaluationNetwork, inceptionNetwork } from './network.js';
import { openStatistics, type Reference, statisticsReference } from './reference.js';
import { batchesOf, type Subject } from './subject.js';
import { keep, scope } from '../../torch/index.js';

/** Features of a generator's samples, drawn at once. */
function featuresOfSamples(
  network: EvaluationNetwork,
  pair: Pair,
  settings: SamplingSettings,
  { count, batchSize, seed }: JudgeOptions,
): FeatureSet {
  const store = new MemoryStore();
  const { classes } = pair.generator.config;
  const bar = progress({ label: 'sampling', total: count, unit: 'images' });
  try {
    for (const [part, { first, size }] of batchesOf({ first: 0, size: count }, batchSize).entries()) {
      const bytes_B3HW = drawSamples(pair, settings, { first, size, classes, seed });
      scope(() => {
        const output = outputOf(network, { bytes_B3HW });
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

/**
 * Assesses by a network's features against a reference: the figures of `scalewise evaluate`. The caller disposes of both afterwards.
 * Samples are those of `judgeModel`: image i has class i mod classes.
 */
export function networkAssessor(network: EvaluationNetwork, reference: Reference): Assessor {
  const columns = columnsOf(network, reference);
  return {
    headline: columns[0]!,
    columns,
    reference: reference.name,
    fingerprint: createHash('sha256')
      .update(network.sha256)
      .update(JSON.stringify(reference.identity))
      .digest('hex')
      .slice(0, 16),
    assess: (pair, how, options): Figures => {
      using features = featuresOfSamples(network, pair, how, options);
      const { classes } = pair.generator.config;
      const labels = Array.from({ length: options.count }, (_, i) => i % classes);
      using found = metricsOf(network, reference, features, { distance: network.distance.name, labels, seed: options.seed }); // prettier-ignore
      return { images: options.count, ...Object.fromEntries(found.metrics.map(({ key, value }) => [key, value])) };
    },
  };
}

async function featuresInMemory(subject: Subject, network: EvaluationNetwork): Promise<FeatureSet> {
  const store = new MemoryStore();
  await computeParts(subject, () => network, store);
  return collect(subject, store, gatherDefaults.partSize);
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
