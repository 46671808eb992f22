// Which seeds of an experiment's arms are trained, or count in a report.
import { UsageError } from '../util/errors.js';

/** The seeds from `first` to `last`, both among them; all from `first` on where `last` is infinite. */
export interface SeedRange {
  first: number;
  last: number;
}

/**
 * Reads `N` as the first N seeds, and `A-B` as the seeds A to B: fresh ones, for what other seeds have suggested.
 * @throws UsageError where the text is neither, or no seed is left
 */
export function seedRange(name: string, text: string): SeedRange {
  const [, first, last] = /^(?:(\d+)-)?(\d+)$/.exec(text.trim()) ?? [];
  const range =
    first === undefined ? { first: 0, last: Number(last) - 1 } : { first: Number(first), last: Number(last) };
  if (!(range.last >= range.first && Number.isSafeInteger(range.last)))
    throw new UsageError(`${name}: expected how many seeds (3), or a range of them (3-7), found '${text}'`);
  return range;
}

/** The seeds of a range that ends, in order. */
export const seedsOf = ({ first, last }: SeedRange): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
