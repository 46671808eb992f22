// What is evaluated: numbered images from anywhere, given out in parts, so that any process can take any part.
// Legend: B images, H and W image sides.
import type { Span } from '../../data/index.js';
import type { Tensor } from '../../torch/index.js';
import type { KeptSettings } from '../sampleSink.js';

/** Images of a part that are computed together. */
export interface SubjectBatch {
  /** Number of the first image. */
  first: number;
  /** uint8 [B, 3, H, W] on the CPU, kept: the taker disposes of it. */
  bytes_B3HW: Tensor;
}

/** Numbered images 0 … count − 1. */
export interface Subject {
  /** Tells it from others in tables. */
  name: string;
  /** What kind of images they are, for sentences: `samples` of a generator or of a file, or `images`. */
  noun: 'samples' | 'images';
  count: number;
  height: number;
  width: number;
  /** Class of each image, where it is known. */
  labels?: readonly number[];
  /** Whether the classes have equal shares; undefined where nobody knows. */
  balanced: boolean | undefined;
  /** All that settles what the images look like; what was computed of images of another identity is not gone on with. */
  identity: KeptSettings;
  /** A hash of the times when its files were written, where they are too many to be read twice: features of files written since are not gone on with. */
  written?: string;
  /** Equal of two subjects whose image i was drawn with the same random numbers. */
  pairing?: string;
  /**
   * The images of some parts, in the order of their numbers, in batches that never reach beyond their part: their bits depend on the part and on
   * `batchSize` alone, not on which other parts are asked for.
   * @param parts ascending, without overlap
   */
  read(parts: readonly Span[], batchSize: number): AsyncIterable<SubjectBatch>;
}

/** The batches of a part. */
export function batchesOf({ first, size }: Span, batchSize: number): Span[] {
  return Array.from({ length: Math.ceil(size / batchSize) }, (_, i) => ({
    first: first + i * batchSize,
    size: Math.min(batchSize, size - i * batchSize),
  }));
}

/** All images, in parts of `size`. */
export function partsOf(count: number, size: number): Span[] {
  return batchesOf({ first: 0, size: count }, size);
}

/** The numbers of at most `most` of `count` images, spread evenly over them: sets may be sorted by class, and their first images of one class only. */
export function spread(count: number, most: number): number[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
}
