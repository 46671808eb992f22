// What samples are compared with: images whose features are computed, or a file of statistics as ADM's evaluator publishes them.
// Legend: N references, D features.
import { basename } from 'node:path';
import { type FeatureStatistics, readReferenceStatistics } from '../../evaluate/index.js';
import { NpzFile } from '../../formats/index.js';
import { keep, scope, type Tensor, tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { sha256File } from '../../util/files.js';
import type { KeptSettings } from '../sampleSink.js';
import { disposeStatistics, type FeatureSet } from './gather.js';
import type { EvaluationNetwork } from './network.js';
import { imageShape, npzSubject } from './npzSubject.js';
import type { Subject } from './subject.js';

/** A reference. Dispose of it, or use `using`. */
export interface Reference extends Disposable {
  name: string;
  identity: KeptSettings;
  statistics: FeatureStatistics;
  spatial: FeatureStatistics | undefined;
  /** Features of its images, float32 [N, D], for precision, recall, density, coverage and the kernel distance; undefined where it has no images. */
  features_ND: Tensor | undefined;
  /** Share of its images whose class a classifier finds; undefined of other networks, and where classes are not known. */
  accuracy: number | undefined;
  /** Whether as many of its images count as there are samples, at most; ADM's files count whole. */
  matched: boolean;
  /** Whether it is one of ADM's own files of statistics. */
  isAdm: boolean;
}

/** The array of our own files that says what they are of, JSON in bytes; ADM's files have none. */
export const aboutArray = 'scalewise';

/** What a file of statistics says of itself. */
export interface AboutReference {
  network: string;
  sha256: string;
  /** Images that the statistics are of. */
  images: number;
  /** What the images are. */
  source: KeptSettings;
}

/** A file of statistics, before its images' features are computed. */
export interface StatisticsFile {
  path: string;
  /** What a file of ours says; ADM's are of Inception's features. */
  about: AboutReference | undefined;
  /** The file's images, where it has any. */
  images: Subject | undefined;
  isAdm: boolean;
}

/** Arrays that all of ADM's reference files have. */
const admArrays = ['arr_0', 'mu', 'sigma', 'mu_s', 'sigma_s'];

/** Whether an `.npz` holds statistics; else it holds images. */
export async function holdsStatistics(path: string): Promise<boolean> {
  using file = await NpzFile.open(path);
  return file.arrays.has('mu') || file.arrays.has('sigma');
}

/** Looks into a file of statistics. @throws UsageError where it is broken, or lacks `mu` or `sigma` */
export async function openStatistics(path: string): Promise<StatisticsFile> {
  using file = await NpzFile.open(path);
  for (const name of ['mu', 'sigma'])
    if (!file.arrays.has(name))
      throw new UsageError(`${path}: expected statistics of a reference (mu, sigma), found ${[...file.arrays.keys()].join(', ')}; write it anew with --write-reference`); // prettier-ignore
  const about = file.arrays.has(aboutArray) ? await readAbout(path, file) : undefined;
  const hasImages = file.arrays.has('arr_0');
  if (hasImages) imageShape(path, file);
  const images = hasImages ? await npzSubject(path, basename(path)) : undefined;
  const isAdm = !about && basename(path).startsWith('VIRTUAL_') && admArrays.every((name) => file.arrays.has(name));
  return { path, about, images: images && { ...images, noun: 'images' }, isAdm };
}

async function readAbout(path: string, file: NpzFile): Promise<AboutReference> {
  const { bytes } = await file.read(aboutArray);
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as AboutReference;
  } catch {
    throw new UsageError(`${path}: expected JSON in '${aboutArray}', found something else; write the reference again`);
  }
}

/** Refuses statistics of another network's features. */
export function checkNetwork({ path, about }: StatisticsFile, network: EvaluationNetwork): void {
  if (!about && network.kind !== 'inception')
    throw new UsageError(`${path}: expected statistics of ${network.name}'s features, found a file that does not say whose they are, as Inception's do; evaluate with --inception`); // prettier-ignore
  if (about && about.sha256 !== network.sha256)
    throw new UsageError(`${path}: expected statistics of ${network.name}'s features (SHA-256 ${network.sha256.slice(0, 16)}…), found those of ${about.network} (${about.sha256.slice(0, 16)}…); give that network, or write the reference anew`); // prettier-ignore
}

const keptStatistics = (statistics: FeatureStatistics): FeatureStatistics => {
  keep(statistics.mean_D);
  keep(statistics.covariance_DD);
  return statistics;
};

/**
 * A reference of a file of statistics.
 * @param features of the file's images, which the reference then owns
 * @throws UsageError where widths are not the network's
 */
export async function statisticsReference(
  file: StatisticsFile,
  network: EvaluationNetwork,
  features: FeatureSet | undefined,
): Promise<Reference> {
  checkNetwork(file, network);
  const { path, about, isAdm } = file;
  const { pooled, spatial } = await readReferenceStatistics(path);
  const [found, expected] = [pooled.mean_D.size(0), features?.pool_ND.size(1)];
  if (expected !== undefined && found !== expected)
    throw new UsageError(`${path}: expected statistics of ${expected} features as ${network.name} has, found ${found}; they are another network's`); // prettier-ignore
  const statistics = keptStatistics(pooled);
  const spatialStatistics = spatial && keptStatistics(spatial);
  return {
    name: basename(path),
    identity: { file: basename(path), sha256: sha256File(path), ...(about && { about }) },
    statistics,
    spatial: spatialStatistics,
    features_ND: features?.pool_ND,
    accuracy: undefined,
    matched: false,
    isAdm,
    [Symbol.dispose]() {
      features?.[Symbol.dispose]();
      disposeStatistics(statistics);
      disposeStatistics(spatialStatistics);
    },
  };
}

/** Share of images whose class the logits [N, K] find. */
function accuracyOf(logits_NK: Tensor, labels: readonly number[]): number {
  const right = scope(() =>
    logits_NK
      .argmax(1)
      .eq(tensor(labels, { dtype: 'int64' }))
      .sum()
      .item(),
  );
  return right / labels.length;
}

/** A reference of images, whose features it then owns. */
export function imagesReference(subject: Subject, network: EvaluationNetwork, features: FeatureSet): Reference {
  const { name, count, identity, labels } = subject;
  const { statistics, spatial, pool_ND, logits_NK } = features;
  return {
    name: `${name} (${count} images)`,
    identity,
    statistics,
    spatial,
    features_ND: pool_ND,
    accuracy: network.kind === 'classifier' && logits_NK && labels ? accuracyOf(logits_NK, labels) : undefined,
    matched: true,
    isAdm: false,
    [Symbol.dispose]() {
      features[Symbol.dispose]();
    },
  };
}
