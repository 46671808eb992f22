// Networks that evaluate: whose features are compared, and what the figures are called in them. Only Inception's distance is FID.
// Legend: B images, D features, S spatial features, K classes.
import { existsSync } from 'node:fs';
import { toImages } from '../../data/index.js';
import { inceptionPath, isInception, loadInception } from '../../evaluate/index.js';
import { openWeights } from '../../nn/index.js';
import { scope, type Tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { sha256File } from '../../util/files.js';
import { loadClassifier } from '../classifierFile.js';
import { loadFeatures } from '../featureFile.js';

/** What a network gives of some images, float32 on the CPU, in the caller's scope. */
export type NetworkOutput = {
  /** [B, D] */
  pool: Tensor;
  /** [B, S]: Inception's alone, for sFID. */
  spatial?: Tensor;
  /** Class logits [B, K]: for the Inception Score, or for whether a class is as asked for. */
  logits?: Tensor;
};

/** A network, and what it measures. */
export interface EvaluationNetwork {
  kind: 'inception' | 'classifier' | 'other';
  /** e.g. `Inception-v3 (2015-12-05)`. */
  name: string;
  sha256: string;
  /** Key and name of the Fréchet distance in its features, and of the kernel distance. */
  distance: { key: string; name: string };
  kernel: { key: string; name: string };
  /** What one should know of its distance. */
  note: string;
  /** Features of bytes [B, 3, H, W] (uint8, on the CPU). */
  features(bytes_B3HW: Tensor): NetworkOutput;
  dispose(): void;
}

/** Images that a network sees at once: a batch is passed on in such parts, so that memory stays bounded. */
export const networkImages = 25;

const toCpu = (output: Tensor): Tensor => output.to({ dtype: 'float32', device: 'cpu' }).contiguous();

/** Inception-v3, of the published file or another one of its weights: then its distance is not called plain FID. @throws UsageError where there is none */
export function inceptionNetwork(path: string = inceptionPath(), device = 'cpu'): EvaluationNetwork {
  const { network, published } = loadInception(path, device);
  const doubt = published ? '' : ' (weights not verified)';
  return {
    kind: 'inception',
    name: `Inception-v3 (2015-12-05)${doubt}`,
    sha256: sha256File(path),
    distance: { key: 'fid', name: `FID${doubt}` },
    kernel: { key: 'kid', name: `KID${doubt}` },
    note: published
      ? 'FID: Fréchet distance in the features of Inception-v3 of 2015-12-05.'
      : 'The file of weights is not the published one: these figures compare with each other only, not with published FIDs.',
    features: (bytes_B3HW) => {
      const { pool_BD, spatial_BD, logitsWithoutBias_BK } = network.features(bytes_B3HW.to({ device }));
      return { pool: toCpu(pool_BD), spatial: toCpu(spatial_BD), logits: toCpu(logitsWithoutBias_BK) };
    },
    dispose: () => {
      network.dispose();
    },
  };
}

/** A classifier of the data set: its distance, FCD, compares models of one data set only. */
export function classifierNetwork(path: string, device = 'cpu'): EvaluationNetwork {
  const classifier = loadClassifier(path, device);
  return {
    kind: 'classifier',
    name: 'classifier',
    sha256: sha256File(path),
    distance: { key: 'fcd', name: 'FCD' },
    kernel: { key: 'kcd', name: 'kernel distance' },
    note: 'FCD: Fréchet distance in the features of a classifier of this data set. It is not FID.',
    features: (bytes_B3HW) => {
      const { features_BD, logits_BK } = classifier.judge(toImages(bytes_B3HW.to({ device })));
      return { pool: toCpu(features_BD), logits: toCpu(logits_BK) };
    },
    dispose: () => {
      classifier.dispose();
    },
  };
}

/** The network that a file of features holds, told by its content: Inception, a classifier, DINOv2, CLIP. @throws UsageError of other files */
export function otherNetwork(path: string, device = 'cpu'): EvaluationNetwork {
  const kind = kindOf(path);
  if (kind === 'inception') return inceptionNetwork(path, device);
  if (kind === 'classifier') return classifierNetwork(path, device);
  const extractor = loadFeatures(path, device);
  const distance = extractor.distance.replace(/^r/, ''); // the r is of reconstructions
  return {
    kind: 'other',
    name: extractor.name,
    sha256: sha256File(path),
    distance: { key: distance.toLowerCase().replace(/\W+/g, '_'), name: distance },
    kernel: { key: 'kernel', name: 'kernel distance' },
    note: `${distance}: Fréchet distance in the features of ${extractor.name}. It is not FID.`,
    features: (bytes_B3HW) => scope(() => ({ pool: toCpu(extractor.features(toImages(bytes_B3HW.to({ device })))) })),
    dispose: () => {
      extractor.dispose();
    },
  };
}

function kindOf(path: string): EvaluationNetwork['kind'] {
  if (!existsSync(path)) throw new UsageError(`--features: there is no file ${path}; give the weights of a network`);
  using file = openWeights(path);
  if (isInception(file.shapes)) return 'inception';
  return file.metadata['kind'] === 'classifier' ? 'classifier' : 'other';
}
