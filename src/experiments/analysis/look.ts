// How analyses look at pictures: through a network, as the 8-bit images that they would be saved as.
// Legend: B images, D features, H and W image sides.
import { toBytes } from '../../data/index.js';
import { type EvaluationNetwork, outputOf } from '../../recipes/index.js';
import type { Tensor } from '../../torch/index.js';

/** What is seen of pictures, on the CPU. */
export interface Look {
  /** float32 [B, D] */
  features_BD: Tensor;
  /** The class taken [B], where the network knows the data set's classes. */
  class_B?: Tensor;
}

/** Looks at pictures [B, 3, H, W] in [−1, 1], in the caller's scope; a classifier sees all of them at once, large networks some at a time. */
export function look(network: EvaluationNetwork, image_B3HW: Tensor): Look {
  const isClassifier = network.kind === 'classifier';
  const { pool, logits } = outputOf(network, toBytes(image_B3HW), isClassifier ? image_B3HW.size(0) : undefined);
  return { features_BD: pool, ...(isClassifier && logits && { class_B: logits.argmax(1) }) };
}

/** What a reader should know of the distance. */
export const distanceNote = ({ kind, note }: EvaluationNetwork): string =>
  kind === 'classifier'
    ? 'FCD is the Fréchet distance in the features of a small classifier of the same data; it is not FID.'
    : note;
