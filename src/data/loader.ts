// Images of a training by their number: which image, cropped where and mirrored or not is a function of the seed and that number alone, whatever
// the number of processes, the micro-batches, or how far ahead images are decoded.
// Legend: B images, H and W the sides.
import type { Tensor } from '../torch/index.js';
import { batchIndices } from './batches.js';
import { chanceOf, type ImageChance } from './chance.js';

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
  /** Which image of the set image `number` of the training is; every image once an epoch by default, in an order that the seed gives. */
  order?: (number: number) => number;
  /** Images that are decoded at a time, where they are streamed: at most 4 by default, no more than there are cores. */
  workers?: number;
  /** Told of broken images; writes to stderr by default. */
  say?: (line: string) => void;
}

/** The images of a span: their numbers in the set, and the chance of each. */
export function planSpan(
  count: number,
  { first, size }: Span,
  { seed, order, chance = (number) => chanceOf(seed, number) }: LoaderOptions,
): { indices: number[]; chances: ImageChance[] } {
  const indices = order
    ? Array.from({ length: size }, (_, i) => order(first + i))
    : batchIndices(count, seed, first, size);
  return { indices, chances: indices.map((index, i) => chance(first + i, index)) };
}
