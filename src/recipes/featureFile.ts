// Networks whose features a Fréchet distance compares, by the file that holds their weights: one row a kind of file.
// Legend: B images, D features.
import { openWeights } from '../nn/index.js';
import type { Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { loadClassifier } from './classifierFile.js';

/** Features of images. */
export interface FeatureExtractor {
  /** What the distance of reconstructions from their originals is called in these features; `rFID` is Inception's alone. */
  distance: string;
  /** Features [B, D] of images [B, 3, H, W] in [−1, 1], in the caller's scope. */
  features(image_B3HW: Tensor): Tensor;
}

const kinds: Record<string, (path: string, device: string) => FeatureExtractor> = {
  classifier: (path, device) => {
    const classifier = loadClassifier(path, device);
    return {
      distance: 'rFCD',
      features: (image_B3HW) => classifier.judge(image_B3HW).features_BD,
    };
  },
};

/** Reads a network that extracts features; its file's metadata says of which kind it is. */
export function loadFeatures(path: string, device = 'cpu'): FeatureExtractor {
  using file = openWeights(path);
  const kind = file.metadata['kind'] ?? 'no description of what it is';
  const load = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (load) return load(path, device);
  throw new UsageError(
    `${path}: expected the weights of a network for features (${Object.keys(kinds).join(', ')}), found ${kind}; \`scalewise evaluate --classifier FILE\` makes a classifier`,
  );
}
