// Images of a training by their number: which image, cropped where and mirrored or not is a function of the seed and that number alone, whatever
// the number of processes, the micro-batches, or how far ahead images are decoded.
// Legend: B images, C channels (1 or 3), H and W the sides.
import { ops, scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { batchIndices } from './batches.js';
import { chanceOf, type ImageChance } from './chance.js';
import { imageCount, type ImageSet, pixelsOf, toImages } from './imageSet.js';

/** Consecutive images of a training. */
export interface Span {
  /** Number of the first image, counted from 0 over all epochs and all processes. */
  first: number;
  size: number;
}

/** Images and what is known of them. */
export interface LoadedBatch {
  /** [B, 3, H, W], float32 in [−1, 1], on the CPU. */
  image_B3HW: Tensor;
  /** [B], int64. */
  labels_B: Tensor;
  /** Which images of the set they are. */
  indices: readonly number[];
}

/** Where a training gets its images from. */
export interface Loader {
  /** Images of the set, which is one epoch. */
  count: number;
  classes: readonly string[];
  /**
   * The images of a span; `following` is what will be asked for next, in order, and is decoded meanwhile. The tensors belong to no scope: dispose
   * of them, or leave them to the garbage collector.
   */
  next(span: Span, following?: readonly Span[]): Promise<LoadedBatch>;
  close(): Promise<void>;
}

/** How images are read. */
export interface LoaderOptions {
  /** Height and width in pixels. */
  side: number;
  seed: number;
  /** Mirrors half of the images. */
  flip: boolean;
  /** Cuts a random square out of each image instead of the middle. */
  crop: boolean;
  /** The chance of image number `number` of the training, which is image `index` of the set; `chanceOf` by default. */
  chance?: (number: number, index: number) => ImageChance;
}

/** The images of a span: their numbers in the set, and the chance of each. */
export function planSpan(
  count: number,
  { first, size }: Span,
  { seed, chance = (number) => chanceOf(seed, number) }: LoaderOptions,
): { indices: number[]; chances: ImageChance[] } {
  const indices = batchIndices(count, seed, first, size);
  return { indices, chances: indices.map((index, i) => chance(first + i, index)) };
}

/** Images that lie in memory at their final size: there is nothing to crop. */
function memoryLoader(set: ImageSet, options: LoaderOptions): Loader {
  const { name, channels, height, width } = set;
  if (options.crop)
    throw new UsageError(
      `${name}: images of ${height} × ${width} pixels in memory leave nothing to crop; set crop=false`,
    );
  const size = channels * height * width;
  const count = imageCount(set);
  const next = (span: Span): LoadedBatch => {
    const { indices, chances } = planSpan(count, span, options);
    const bytes = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => {
      bytes.set(pixelsOf(set, index), i * size);
    });
    const flips = chances.map(({ flip }) => Number(options.flip && flip));
    return scope(() => {
      const bytes_BCHW = tensor(bytes, { shape: [indices.length, channels, height, width] });
      const flip_B111 = tensor(flips, { dtype: 'bool' }).view([-1, 1, 1, 1]);
      const image_B3HW = toImages(ops.where(flip_B111, bytes_BCHW.flip([3]), bytes_BCHW));
      const labels_B = tensor(indices.map((index) => set.labels[index]!), { dtype: 'int64' }); // prettier-ignore
      return { image_B3HW, labels_B, indices };
    });
  };
  return {
    count,
    classes: set.classes,
    next: (span) => Promise.resolve(span).then(next),
    close: () => Promise.resolve(),
  };
}

/** Opens a loader over a set of images. */
export function openLoader(source: ImageSet, options: LoaderOptions): Loader {
  return memoryLoader(source, options);
}
