// The network in whose features pictures are compared: the classifier of the data set, or Inception-v3 where its weights are given.
// Legend: B images, D features, K classes.
import { type ImageSet, toBytes, toImages } from '../../data/index.js';
import { isInception, loadInception } from '../../evaluate/index.js';
import { openWeights } from '../../nn/index.js';
import { loadClassifier, saveClassifier, trainClassifier } from '../../recipes/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import { sha256File } from '../../util/files.js';

/** Features of pictures, and the class where the network knows the data set's classes. */
export interface FeatureNetwork {
  /** What the Fréchet distance in these features is called. */
  distance: 'FCD' | 'FID' | 'Fréchet–Inception distance (unverified weights)';
  /** For reports. */
  description: string;
  /** SHA-256 of its weights. */
  weights: string;
  /** Features [B, D] of pictures in [−1, 1], compared as the 8-bit images they would be saved as, and the class taken [B] where there is one. */
  look(image_B3HW: Tensor): { features_BD: Tensor; class_B?: Tensor };
}

/** Widest features whose Fréchet distances get a jackknife, which takes eleven of them. */
const mostForJackknife = 512;

/** Whether a Fréchet distance of features this wide is computed in tenths too. */
export const affordsJackknife = (features_ND: Tensor): boolean => features_ND.size(1) <= mostForJackknife;

/** Trains and keeps the classifier of a data set. */
export function makeClassifier(path: string, train: ImageSet, heldOut: ImageSet, say: (line: string) => void): void {
  say(`training the classifier whose features are compared (${path})`);
  const classifier = trainClassifier(train);
  saveClassifier(path, classifier, train.name, heldOut);
  classifier.dispose();
}

/** Reads a network from a file: a classifier of `scalewise evaluate`, or Inception-v3. */
export function openFeatureNetwork(path: string, device: string): FeatureNetwork {
  using file = openWeights(path);
  const inception = isInception(file.shapes);
  const weights = sha256File(path);
  if (inception) {
    const { network, published } = loadInception(path, device);
    return {
      distance: published ? 'FID' : 'Fréchet–Inception distance (unverified weights)',
      description: 'Inception-v3 (2015-12-05)',
      weights,
      look: (image_B3HW) => ({ features_BD: network.features(toBytes(image_B3HW)).pool_BD }),
    };
  }
  const classifier = loadClassifier(path, device);
  const accuracy = file.metadata['accuracy'];
  const known = accuracy === undefined ? '' : `, which finds the class of ${(100 * Number(accuracy)).toFixed(1)} % of the held-out images`; // prettier-ignore
  return {
    distance: 'FCD',
    description: `a small classifier of this data set${known}`,
    weights,
    look: (image_B3HW) =>
      noGrad(() =>
        scope(() => {
          const { features_BD, logits_BK } = classifier.judge(toImages(toBytes(image_B3HW)));
          return { features_BD, class_B: logits_BK.argmax(1) };
        }),
      ),
  };
}
