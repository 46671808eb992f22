// Images of one size in memory, as bytes, with their classes: what every source of data becomes.
// Legend: N images, C channels (1 or 3), H height, W width, B batch.
import { noGrad, scope, type Tensor, tensor } from '../torch/index.js';

/** A labelled set of images. */
export interface ImageSet {
  /** e.g. `fashion-mnist`, or the folder. */
  name: string;
  split: 'train' | 'test';
  height: number;
  width: number;
  channels: 1 | 3;
  classes: readonly string[];
  /** Class of each image. */
  labels: Uint16Array;
  /** All pixels, [N, C, H, W] row-major. */
  pixels: Uint8Array;
}

/** Number of images. */
export function imageCount(set: ImageSet): number {
  return set.labels.length;
}

/** Images per class, by class index. */
export function classCounts(set: ImageSet): number[] {
  const counts = set.classes.map(() => 0);
  for (const label of set.labels) counts[label]!++;
  return counts;
}

/** The bytes of one image [C, H, W]. */
export function pixelsOf(set: ImageSet, index: number): Uint8Array {
  const size = set.channels * set.height * set.width;
  return set.pixels.subarray(index * size, (index + 1) * size);
}

/** Bytes [B, C, H, W] as float32 images [B, 3, H, W] in [−1, 1]; grey images get three equal channels. */
export function toImages(bytes_BCHW: Tensor): Tensor {
  const image_BCHW = bytes_BCHW.to('float32').div_(127.5).sub_(1);
  const [B, C, H, W] = image_BCHW.shape as [number, number, number, number];
  return C === 3 ? image_BCHW : image_BCHW.expand([B, 3, H, W]).contiguous();
}

/** Images [B, 3, H, W] in [−1, 1] as bytes [B, 3, H, W], clamped and rounded. */
export function toBytes(image_B3HW: Tensor): Tensor {
  return noGrad(() => scope(() => image_B3HW.to('float32').clamp(-1, 1).add(1).mul(127.5).round().to('uint8')));
}

/** Chosen images as float32 [B, 3, H, W] in [−1, 1], and their labels [B] (int64); tensors of the current scope. */
export function batch(set: ImageSet, indices: readonly number[]): { image_B3HW: Tensor; labels_B: Tensor } {
  const size = set.channels * set.height * set.width;
  const bytes = new Uint8Array(indices.length * size);
  indices.forEach((index, i) => {
    bytes.set(pixelsOf(set, index), i * size);
  });
  const shape = [indices.length, set.channels, set.height, set.width];
  return {
    image_B3HW: scope(() => toImages(tensor(bytes, { shape }))),
    labels_B: tensor(indices.map((index) => set.labels[index]!), { dtype: 'int64' }), // prettier-ignore
  };
}
