// The images that a sampling ends with, where nobody looks at the scales before.
// Legend: B images, H and W their sides.
import { sample, type SampleOptions } from '../sampling/index.js';
import type { Tensor } from '../torch/index.js';
import type { Pair } from './pictures.js';

/** The images that a sampling ends with [B, 3, H, W], clamped to [−1, 1], in the caller's scope. */
export function lastImage(pair: Pair, options: SampleOptions): Tensor {
  for (const record of sample(pair.generator, pair.tokenizer, options))
    if (record.index === options.scales.length - 1) return record.image();
  throw new Error('internal: sampling ended without an image');
}
