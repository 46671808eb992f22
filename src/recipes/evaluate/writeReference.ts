// Writing a reference as ADM's evaluator has it: statistics of all images' features, and some of the images for precision and recall.
import type { FeatureStatistics } from '../../evaluate/index.js';
import { type NpzSource, writeNpz } from '../../formats/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import type { FeatureSet } from './gather.js';
import type { EvaluationNetwork } from './network.js';
import { aboutArray, type AboutReference } from './reference.js';
import { batchesOf, spread, type Subject } from './subject.js';

/** Images that ADM's files hold for precision and recall. */
export const referenceImages = 10_000;

const float64 = (values: Tensor): NpzSource => ({
  type: '<f8',
  shape: values.shape,
  pieces: [values.contiguous().bytes()],
});

const named = (mean: string, covariance: string, { mean_D, covariance_DD }: FeatureStatistics): [string, NpzSource][] => [
  [mean, float64(mean_D)],
  [covariance, float64(covariance_DD)],
]; // prettier-ignore

/** Bytes [B, H, W, 3] of each chosen image, one batch after the other; only the batches that one lies in are read. */
async function* imagesIn(subject: Subject, chosen: readonly number[], batchSize: number): AsyncGenerator<Uint8Array> {
  const wanted = new Set(chosen);
  const all = batchesOf({ first: 0, size: subject.count }, batchSize);
  const parts = all.filter(({ first, size }) => Array.from({ length: size }, (_, i) => first + i).some((i) => wanted.has(i))); // prettier-ignore
  for await (const { first, bytes_B3HW } of subject.read(parts, batchSize)) {
    using bytes = bytes_B3HW;
    for (let i = 0; i < bytes.size(0); i++)
      if (wanted.has(first + i)) yield noGrad(() => scope(() => bytes.select(0, i).permute([1, 2, 0]).contiguous().bytes())); // prettier-ignore
  }
}

/**
 * Writes `mu`, `sigma` (float64, unbiased), with Inception also `mu_s`, `sigma_s`, then images as `arr_0` (uint8 [n, H, W, 3]), and `scalewise`,
 * JSON in bytes that says of which network they are. numpy.load and ADM's evaluator read it; they leave the last one alone.
 * @param features of all the subject's images
 */
export async function writeReference(
  path: string,
  subject: Subject,
  network: EvaluationNetwork,
  features: FeatureSet,
  { images = referenceImages, batchSize = 100 }: { images?: number; batchSize?: number } = {},
): Promise<{ images: number }> {
  const { statistics, spatial } = features;
  const { count, height, width, identity } = subject;
  const chosen = spread(count, images);
  const about: AboutReference = { network: network.name, sha256: network.sha256, images: count, source: identity };
  const words = Buffer.from(JSON.stringify(about));
  const pixels: NpzSource = {
    type: '|u1',
    shape: [chosen.length, height, width, 3],
    pieces: imagesIn(subject, chosen, batchSize),
  };
  const arrays = [
    ...(chosen.length ? [['arr_0', pixels] as [string, NpzSource]] : []),
    ...named('mu', 'sigma', statistics),
    ...(spatial ? named('mu_s', 'sigma_s', spatial) : []),
    [aboutArray, { type: '|u1', shape: [words.length], pieces: [words] }] as [string, NpzSource],
  ];
  await writeNpz(path, new Map(arrays));
  return { images: chosen.length };
}
