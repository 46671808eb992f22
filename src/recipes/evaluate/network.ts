// Networks whose features are compared, by the file that holds their weights: one row a kind of file, told by its content. They say what figures are
// called in their features: only Inception's distance is FID.
// Legend: B images, D features, S spatial features, K classes.
import { existsSync } from 'node:fs';
import { toImages } from '../../data/index.js';
import { inceptionPath, isInception, loadInception, loadVision, visionKind } from '../../evaluate/index.js';
import { type OpenWeights, openWeights } from '../../nn/index.js';
import { noGrad, ops, scope, type Tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { sha256File } from '../../util/files.js';
import { loadClassifier } from '../classifierFile.js';

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
  /** What it is, for reports, e.g. `a small classifier of this data set, which finds the class of 90.8 % of the held-out images`. */
  description: string;
  sha256: string;
  /** How many classes a classifier tells apart. */
  classes?: number;
  /** Key and name of the Fréchet distance in its features, and of the kernel distance. */
  distance: { key: string; name: string };
  kernel: { key: string; name: string };
  /** What one should know of its distance. */
  note: string;
  /** Features of bytes [B, 3, H, W] (uint8, on any device), all at once: see `outputOf` for many. */
  features(bytes_B3HW: Tensor): NetworkOutput;
  dispose(): void;
}

/** Images that a network sees at once, unless the caller says otherwise: so its activations stay below a gigabyte. */
export const networkImages = 25;

/** What a network gives of any number of images, `atOnce` of them at a time, in the caller's scope. */
export function outputOf(
  network: Pick<EvaluationNetwork, 'features'>,
  bytes_B3HW: Tensor,
  atOnce = networkImages,
): NetworkOutput {
  return noGrad(() => scope(() => joined(bytes_B3HW.split(atOnce, 0).map((part) => scope(() => network.features(part)))))); // prettier-ignore
}

/** Outputs behind each other, in the caller's scope. */
export function joined(outputs: readonly NetworkOutput[]): NetworkOutput {
  const names = Object.keys(outputs[0]!) as (keyof NetworkOutput)[];
  return Object.fromEntries(names.map((name) => [name, ops.cat(outputs.map((one) => one[name]!), 0)])) as NetworkOutput; // prettier-ignore
}

const toCpu = (output: Tensor): Tensor => output.to({ dtype: 'float32', device: 'cpu' }).contiguous();

/** Inception-v3, of the published file or another one of its weights: then its distance is not called plain FID. @throws UsageError where there is none */
export function inceptionNetwork(path: string = inceptionPath(), device = 'cpu'): EvaluationNetwork {
  const { network, published } = loadInception(path, device);
  const doubt = published ? '' : ' (weights not verified)';
  const name = `Inception-v3 (2015-12-05)${doubt}`;
  return {
    kind: 'inception',
    name,
    description: name,
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

/** A classifier of the data set: its distance, FCD, compares models of one data set only. @throws UsageError of other files */
export function classifierNetwork(path: string, device = 'cpu'): EvaluationNetwork {
  const { accuracy } = aboutClassifier(path);
  const classifier = loadClassifier(path, device);
  const known = accuracy === undefined ? '' : `, which finds the class of ${(100 * Number(accuracy)).toFixed(1)} % of the held-out images`; // prettier-ignore
  return {
    kind: 'classifier',
    name: 'classifier',
    description: `a small classifier of this data set${known}`,
    sha256: sha256File(path),
    classes: classifier.classes,
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

/** What a classifier's file says of it. */
function aboutClassifier(path: string): Readonly<Record<string, string>> {
  using file = openWeights(path);
  if (file.metadata['kind'] === 'classifier') return file.metadata;
  throw new UsageError(`${path}: expected a classifier's weights, found ${heldBy(file)}; Inception-v3 is given with --inception, other networks with --features`); // prettier-ignore
}

const heldBy = ({ metadata, shapes }: OpenWeights) => metadata['kind'] ?? `${shapes.size} tensors of another model`;

/** DINOv2, or CLIP's image tower. */
function visionNetwork(path: string, device: string): EvaluationNetwork {
  const network = loadVision(path, device);
  const distance = network.kind === 'clip' ? 'FD-CLIP' : 'FD-DINOv2';
  return {
    kind: 'other',
    name: network.name,
    description: network.name,
    sha256: sha256File(path),
    distance: { key: distance.toLowerCase().replace(/\W+/g, '_'), name: distance },
    kernel: { key: 'kernel', name: 'kernel distance' },
    note: `${distance}: Fréchet distance in the features of ${network.name}. It is not FID.`,
    features: (bytes_B3HW) => ({ pool: toCpu(network.features(bytes_B3HW.to({ device }))) }),
    dispose: () => {
      network.dispose();
    },
  };
}

interface Kind {
  name: string;
  holds(file: OpenWeights): boolean;
  load(path: string, device: string): EvaluationNetwork;
}

const kinds: readonly Kind[] = [
  { name: 'Inception-v3 of 2015-12-05', holds: (file) => isInception(file.shapes), load: inceptionNetwork },
  {
    name: 'a DINOv2, a CLIP of Hugging Face',
    holds: (file) => visionKind(file.shapes) !== undefined,
    load: visionNetwork,
  },
  {
    name: 'a classifier of `scalewise evaluate --classifier FILE`',
    holds: (file) => file.metadata['kind'] === 'classifier',
    load: classifierNetwork,
  },
];

/**
 * The network that a file holds, of whichever kind: Inception-v3, DINOv2, CLIP, a classifier.
 * @throws UsageError where it holds none of them, or a damaged one
 */
export function featureNetwork(path: string, device = 'cpu'): EvaluationNetwork {
  if (!existsSync(path)) throw new UsageError(`--features: there is no file ${path}; give the weights of a network`);
  const kind = (() => {
    using file = openWeights(path);
    const found = kinds.find((one) => one.holds(file));
    if (found) return found;
    const known = kinds.map(({ name }) => name).join(', ');
    throw new UsageError(`${path}: expected the weights of a network for features (${known}), found ${heldBy(file)}; give another file`); // prettier-ignore
  })();
  return kind.load(path, device);
}
