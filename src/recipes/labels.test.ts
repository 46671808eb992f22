// Class lists: equal shares in any order; the random order is one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balancedLabels, type LabelOrder } from './labels.js';

function shares(labels: readonly number[], classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label]!++;
  return counts;
}

test('any number of images has equal shares, one more or less, in every order', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      fc.constantFrom<LabelOrder>('shuffled', 'sorted', 'interleaved'),
      (count, classes, seed, order) => {
        const labels = balancedLabels(count, classes, seed, order);
        expect(labels).toHaveLength(count);
        const counts = shares(labels, classes);
        expect(counts.reduce((sum, one) => sum + one)).toBe(count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test('sorted and interleaved', () => {
  expect(balancedLabels(7, 3, 5, 'sorted')).toEqual([0, 0, 0, 1, 1, 2, 2]);
  expect(balancedLabels(7, 3, 5, 'interleaved')).toEqual([0, 1, 2, 0, 1, 2, 0]);
});

describe('shuffled, 50 images of each of 1000 classes', () => {
  const labels = balancedLabels(50_000, 1000, 0);
  test('has 50 of each', () => {
    expect(new Set(shares(labels, 1000))).toEqual(new Set([50]));
  });
  test('gives each tenth nearly all classes, as a random order would', () => {
    for (let part = 0; part < 10; part++) {
      const found = new Set(labels.slice(part * 5000, (part + 1) * 5000)).size;
      expect(found).toBeGreaterThan(980); // expected 994.9: a class is missed with the chance 0.9⁵⁰
      expect(found).toBeLessThan(1000);
    }
  });
  test('is the same again, and another with another seed', () => {
    expect(balancedLabels(50_000, 1000, 0)).toEqual(labels);
    const other = balancedLabels(50_000, 1000, 1);
    const equal = other.filter((label, i) => label === labels[i]).length;
    expect(equal).toBeLessThan(100); // 50 by chance
  });
  test('of fewer images than classes each has another class, which are not always the first', () => {
    const few = balancedLabels(10, 1000, 3);
    expect(new Set(few).size).toBe(10);
    expect(Math.max(...few)).toBeGreaterThan(100);
  });
});
