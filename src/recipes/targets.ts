// What a generator learns to predict: the indices of the training's images, from pixels encoded when they are asked for, from what is kept in
// memory (targetsOfLatents.ts) or from stored tokens (targetsOfTokens.ts). The same image number has the same indices from each of them.
// Legend: B images, N tokens of a scale.
import type { Loader, Span } from '../data/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { type Tensor } from '../torch/index.js';
import { encodeIndices, type Encoding } from './encoding.js';

/** Indices and labels of some images, on the device; tensors of no scope. */
export interface Targets {
  /** Indices [B, N] (int64) of every scale. */
  targets: Tensor[];
  /** Labels [B] (int64). */
  labels_B: Tensor;
}

/** Where a training gets its targets from. */
export interface TargetSource {
  /** Images of the set, which is one epoch. */
  count: number;
  classes: readonly string[];
  /** The targets of a span of the training at some scales; `following` is what will be asked for next, in order. */
  next(span: Span, scales: Scales, following?: readonly Span[]): Promise<Targets>;
  close(): Promise<void>;
}

/** Encodes the images of a loader when they are asked for. */
export function targetsOfPixels(tokenizer: Tokenizer, loader: Loader, encoding: Encoding): TargetSource {
  return {
    count: loader.count,
    classes: loader.classes,
    async next(span, scales, following) {
      const { image_B3HW, labels_B } = await loader.next(span, following);
      const targets = encodeIndices(tokenizer, image_B3HW, [scales], encoding);
      const moved_B = labels_B.to({ device: encoding.device });
      image_B3HW.dispose();
      if (moved_B !== labels_B) labels_B.dispose();
      return { targets, labels_B: moved_B };
    },
    close: () => loader.close(),
  };
}
