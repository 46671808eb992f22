// How a step's images are dealt out to processes and micro-batches.
import { describe, expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { dealOut } from './spans.js';

const numbers = (size: number, microBatch?: number) =>
  Array.from({ length: size }, (_, rank) => dealOut({ batchSize: 24, microBatch }, { rank, size })(48))
    .flat()
    .flatMap(({ first, size }) => Array.from({ length: size }, (_, i) => first + i));

describe('dealOut', () => {
  test.each([
    [1, undefined],
    [2, 4],
    [4, 3],
    [8, 100],
    [24, 1],
  ])('%d processes, micro-batches of %s: every image once, in order', (size, microBatch) => {
    expect(numbers(size, microBatch)).toEqual(Array.from({ length: 24 }, (_, i) => 48 + i));
  });
  test('what does not divide is refused', () => {
    expect(() => dealOut({ batchSize: 24 }, { rank: 0, size: 5 })).toThrow(UsageError);
    expect(() => dealOut({ batchSize: 24, microBatch: 5 }, { rank: 0, size: 2 })).toThrow(/divisor of the 12 images/);
  });
});
