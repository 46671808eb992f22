// Networks whose features a Fréchet distance compares, by the file that holds their weights: one row a kind of file, told by its content.
// Legend: B images, D features.
import { toBytes } from '../data/index.js';
import { isInception, loadInception, loadVision, visionKind } from '../evaluate/index.js';
import { type OpenWeights, openWeights } from '../nn/index.js';
import { ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { loadClassifier } from './classifierFile.js';

/** Features of images. */
export interface FeatureExtractor {
  /** The network, e.g. `Inception-v3 (2015-12-05)`, `DINOv2 large`. */
  name: string;
  /**
   * What the distance of reconstructions from their originals is called in these features: `rFID` is Inception's alone, by the published weights;
   * others are `rFD-DINOv2`, `rFD-CLIP` and, of a data set's own classifier, `rFCD`. Without the r, the distance of samples from images.
   */
  distance: string;
  /** Features [B, D] of images [B, 3, H, W] in [−1, 1], in the caller's scope. */
  features(image_B3HW: Tensor): Tensor;
  /** Frees the network. */
  dispose(): void;
}

interface Kind {
  name: string;
  holds(file: OpenWeights): boolean;
  load(path: string, device: string): FeatureExtractor;
}

/** Images that a large network sees at once: so its activations stay below a gigabyte. */
const most = 25;

/** Features of images as the bytes that they would be saved as, a few images at a time. */
function byParts(features: (bytes_B3HW: Tensor) => Tensor): (image_B3HW: Tensor) => Tensor {
  return (image_B3HW) =>
    scope(() => {
      const parts = toBytes(image_B3HW).split(most, 0);
      return ops.cat(parts.map((bytes_B3HW) => scope(() => features(bytes_B3HW))), 0); // prettier-ignore
    });
}

const inception: Kind = {
  name: 'Inception-v3 of 2015-12-05',
  holds: (file) => isInception(file.shapes),
  load: (path, device) => {
    const { network, published } = loadInception(path, device);
    const doubt = published ? '' : ' (weights not verified)';
    return {
      name: `Inception-v3 (2015-12-05)${doubt}`,
      distance: `rFID${doubt}`,
      features: byParts((bytes_B3HW) => network.features(bytes_B3HW).pool_BD),
      dispose: () => { network.dispose(); },
    }; // prettier-ignore
  },
};

const vision: Kind = {
  name: 'a DINOv2, a CLIP of Hugging Face',
  holds: (file) => visionKind(file.shapes) !== undefined,
  load: (path, device) => {
    const network = loadVision(path, device);
    return {
      name: network.name,
      distance: network.kind === 'clip' ? 'rFD-CLIP' : 'rFD-DINOv2',
      features: byParts((bytes_B3HW) => network.features(bytes_B3HW)),
      dispose: () => { network.dispose(); },
    }; // prettier-ignore
  },
};

const classifier: Kind = {
  name: 'a classifier of `scalewise evaluate --classifier FILE`',
  holds: (file) => file.metadata['kind'] === 'classifier',
  load: (path, device) => {
    const network = loadClassifier(path, device);
    return {
      name: 'a classifier of the data set',
      distance: 'rFCD',
      features: (image_B3HW) => network.judge(image_B3HW).features_BD,
      dispose: () => { network.dispose(); },
    }; // prettier-ignore
  },
};

const kinds: readonly Kind[] = [inception, vision, classifier];

/**
 * Reads a network that extracts features, of whichever kind the file holds.
 * @throws UsageError where it holds none of them, or a damaged one
 */
export function loadFeatures(path: string, device = 'cpu'): FeatureExtractor {
  const kind = (() => {
    using file = openWeights(path);
    const found = kinds.find((one) => one.holds(file));
    if (found) return found;
    const known = kinds.map(({ name }) => name).join(', ');
    const held = file.metadata['kind'] ?? `${file.shapes.size} tensors of another model`;
    throw new UsageError(`${path}: expected the weights of a network for features (${known}), found ${held}; give another file`); // prettier-ignore
  })();
  return kind.load(path, device);
}
