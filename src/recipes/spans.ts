// Which images of a step a process computes, and in which parts: consecutive numbers, rank after rank, so that the whole is the same for any world.
import type { Span } from '../data/index.js';
import { UsageError } from '../util/errors.js';

/** How a step's images are dealt out. */
export interface Deal {
  /** Images of a step, of all processes together. */
  batchSize: number;
  /** Most images that a process computes at once; all of its share by default. */
  microBatch?: number | undefined;
}

/** The parts that this process computes of the step that begins at image `first`. */
export type Spans = (first: number) => Span[];

/**
 * Deals a batch out.
 * @throws UsageError where it does not divide evenly: parts of other sizes would weigh their images differently
 */
export function dealOut({ batchSize, microBatch }: Deal, { rank, size }: { rank: number; size: number }): Spans {
  const share = batchSize / size;
  if (!Number.isInteger(share))
    throw new UsageError(`batchSize: expected a multiple of the ${size} processes, got ${batchSize}`);
  const part = Math.min(microBatch ?? share, share);
  if (share % part)
    throw new UsageError(
      `microBatch: expected a divisor of the ${share} images that a process has of each step (${batchSize} over ${size}), got ${part}`,
    );
  return (first) =>
    Array.from({ length: share / part }, (_, i) => ({ first: first + rank * share + i * part, size: part }));
}
