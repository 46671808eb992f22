// Stability figures of made-up logs.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deviationFromTrend, stabilityOf } from './stability.js';

test('a straight line does not oscillate, a zigzag does', () => {
  expect(deviationFromTrend([5, 4, 3, 2, 1])).toBeCloseTo(0, 12);
  expect(deviationFromTrend([1, -1, 1, -1, 1, -1, 1])).toBeCloseTo(1.171, 3);
  expect(deviationFromTrend([7])).toBe(0);
});

test('of a run folder', () => {
  const run = mkdtempSync(join(tmpdir(), 'scalewise-stability-'));
  expect(stabilityOf(run)).toBeUndefined();
  const lines = [4, 3, 2, 1].map((loss, i) => JSON.stringify({ step: i, imagesSeen: i, loss, gradient_norm: loss / 2, ...(i > 1 && { skipped: 1 }) })); // prettier-ignore
  writeFileSync(join(run, 'metrics.jsonl'), `${lines.join('\n')}\n`);
  expect(stabilityOf(run)).toEqual({
    oscillation: 0,
    gradientMean: 1.25,
    gradientLargest: 2,
    finalLoss: 1,
    skipped: 1,
  });
});

test('what is no number counts nowhere; where nothing is one, neither is the figure', () => {
  const run = mkdtempSync(join(tmpdir(), 'scalewise-stability-'));
  const log = (...losses: (number | null)[]) => {
    const lines = losses.map((loss, i) => JSON.stringify({ step: i, imagesSeen: i, loss, gradient_norm: null, skipped: i })); // prettier-ignore
    writeFileSync(join(run, 'metrics.jsonl'), `${lines.join('\n')}\n`);
  };
  log(4, null, 2);
  expect(stabilityOf(run)).toEqual({ oscillation: 0, gradientMean: NaN, gradientLargest: NaN, finalLoss: 2, skipped: 2 }); // prettier-ignore
  log(null);
  expect(stabilityOf(run)).toMatchObject({ oscillation: NaN, finalLoss: NaN, skipped: 0 });
});
