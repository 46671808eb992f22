import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { seedRange, seedsOf } from './seeds.js';

test('a number is so many seeds, and two with a dash are a range of them', () => {
  expect(seedsOf(seedRange('--seeds', '3'))).toEqual([0, 1, 2]);
  expect(seedsOf(seedRange('--seeds', '3-7'))).toEqual([3, 4, 5, 6, 7]);
  expect(seedsOf(seedRange('--seeds', '4-4'))).toEqual([4]);
});

test.each(['0', '', '-1', '7-3', '1-', 'all', '1.5', '2,3', '99999999999999999999'])('%j is refused', (text) => {
  expect(() => seedRange('--seeds', text)).toThrow(UsageError);
  expect(() => seedRange('--seeds', text)).toThrow(
    /^--seeds: expected how many seeds \(3\), or a range of them \(3-7\), found '/,
  );
});
