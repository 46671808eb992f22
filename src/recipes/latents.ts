// The training set's continuous latents, encoded once: training a generator then skips the encoder.
// Legend: B batch, C code width, h and w latent sides; K readings of an image (itself, and mirrored where flips are wanted).
import { batch, batchIndices, imageCount, type ImageSet } from '../data/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { autocast, noGrad, ops, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { progress } from '../util/progress.js';
import type { Precision } from './machine.js';

/** Where a training gets its latents and labels from. */
export interface LatentSource {
  count: number;
  /** Latents [B, C, h, w] (float32) and labels [B] of the training's images number `seen` … `seen + size − 1`. */
  next(seed: number, seen: number, size: number, uniform: () => number): { latent_BChw: Tensor; labels_B: Tensor };
}

interface LatentOptions {
  flip: boolean;
  device: string;
  precision: Precision;
}

const encodedAtOnce = 250;

function encode(tokenizer: Tokenizer, image_B3HW: Tensor, { device, precision }: LatentOptions): Tensor {
  return noGrad(() =>
    autocast({ device, dtype: precision }, () =>
      scope(() => tokenizer.encode(image_B3HW.to({ device })).to('float32')),
    ),
  );
}

/** Labels of some images, on the device. */
function labelsOf(set: ImageSet, indices: readonly number[], device: string): Tensor {
  return tensor(indices.map((index) => set.labels[index]!), { dtype: 'int64', device }); // prettier-ignore
}

/** Encodes each batch when it is asked for. */
export function freshLatents(tokenizer: Tokenizer, set: ImageSet, options: LatentOptions): LatentSource {
  const count = imageCount(set);
  return {
    count,
    next(seed, seen, size, uniform) {
      const indices = batchIndices(count, seed, seen, size);
      const { image_B3HW } = batch(set, indices);
      const mirrored = indices.map(() => options.flip && uniform() < 0.5);
      const rows = mirrored.map((flip, i) =>
        flip ? image_B3HW.narrow(0, i, 1).flip([3]) : image_B3HW.narrow(0, i, 1),
      );
      const latent_BChw = encode(tokenizer, options.flip ? ops.cat(rows, 0) : image_B3HW, options);
      return { latent_BChw, labels_B: labelsOf(set, indices, options.device) };
    },
  };
}

/** Encodes the whole set now, every image also mirrored where flips are wanted; keeps the latents in memory. */
export function cachedLatents(tokenizer: Tokenizer, set: ImageSet, options: LatentOptions): LatentSource {
  const count = imageCount(set);
  const side = set.height / tokenizer.stride;
  const readings = options.flip ? 2 : 1;
  const all_NKChw = zeros([count, readings, tokenizer.codeWidth, side, side]);
  const bar = progress({ label: 'encoding', total: count, unit: 'images' });
  for (let start = 0; start < count; start += encodedAtOnce) {
    const indices = Array.from({ length: Math.min(encodedAtOnce, count - start) }, (_, i) => start + i);
    scope(() => {
      const { image_B3HW } = batch(set, indices);
      const part = all_NKChw.narrow(0, start, indices.length);
      part.select(1, 0).copy_(encode(tokenizer, image_B3HW, options));
      if (options.flip) part.select(1, 1).copy_(encode(tokenizer, image_B3HW.flip([3]), options));
    });
    bar.update(start + indices.length);
  }
  bar.stop();
  const rows_RChw = all_NKChw.flatten(0, 1);
  return {
    count,
    next(seed, seen, size, uniform) {
      const indices = batchIndices(count, seed, seen, size);
      const rows = indices.map((index) => index * readings + (options.flip && uniform() < 0.5 ? 1 : 0));
      const latent_BChw = rows_RChw.indexSelect(0, tensor(rows, { dtype: 'int64' })).to({ device: options.device });
      return { latent_BChw, labels_B: labelsOf(set, indices, options.device) };
    },
  };
}
