// The arithmetic of the comparison: means, spreads, differences paired by seed, and sentences that follow them.
import { expect, test } from 'vitest';
import { type Outcome, pairedDifferences, type RefineVsControlOptions, summarise } from './refineVsControl.js';
import { refineVsControlReport } from './refineVsControlReport.js';

const outcome = (arm: Outcome['arm'], seed: number, cfg: number, fcd: number): Outcome => ({
  arm, seed, cfg, figures: { images: 100, fcd, precision: 0.5, recall: 0.5, agreement: 0.9 },
}); // prettier-ignore

const outcomes = [
  outcome('before', 0, 2, 9),
  ...[5, 6, 7].map((fcd, seed) => outcome('control', seed, 2, fcd)),
  ...[4, 5, 6].map((fcd, seed) => outcome('sar', seed, 2, fcd)),
  ...[3, 8, 7].map((fcd, seed) => outcome('control', seed, 1, fcd)),
  ...[4, 5, 9].map((fcd, seed) => outcome('sar', seed, 1, fcd)),
];

test('mean and sample standard deviation of each arm', () => {
  const sar = summarise(outcomes).find(({ arm, cfg }) => arm === 'sar' && cfg === 2)!;
  expect(sar.mean.fcd).toBe(5);
  expect(sar.spread.fcd).toBe(1);
});

test('differences are paired by seed', () => {
  expect(pairedDifferences(outcomes, 2)).toEqual([-1, -1, -1]);
  expect(pairedDifferences(outcomes, 1)).toEqual([1, -3, 2]);
  expect(pairedDifferences(outcomes, 3)).toEqual([]);
});

test('the report says what the figures say', () => {
  const options = { generator: 'g', seeds: 3, count: 100, cfgs: [1, 2] } as unknown as RefineVsControlOptions;
  const report = refineVsControlReport(options, outcomes);
  expect(report).toContain('| SAR | 2 | 5.000 ± 1.000 |');
  expect(report).toContain('guidance 2: SAR − control = -1.000 ± 0.000 (beyond two standard errors)');
  expect(report).toContain(
    'guidance 1: SAR − control = 0.000 ± 1.528 (within two standard errors: no difference shown)',
  );
  expect(report).toContain('SAR 5.000 (guidance 2), control 6.000 (guidance 2)');
});
