// What the page of trainings computes by itself: records as they come, metrics in groups, smoothing, settings as rows, numbers as text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settingRows, settingText } from '../../web/studio/runs/flatten.js';
import { ago, bytes, duration, figure, tick } from '../../web/studio/runs/format.js';
import { groupMetrics } from '../../web/studio/runs/groups.js';
import { metricNames, nearestIndex, pointsOf, smoothed, withRecords } from '../../web/studio/runs/records.js';

const at = (...images: number[]) => images.map((imagesSeen) => ({ imagesSeen }));

test('records are added behind those that they follow; what is beyond is void', () => {
  expect(withRecords(at(8), { after: null, records: at(4, 6) })).toEqual(at(4, 6));
  expect(withRecords(at(8, 16), { after: 16, records: at(24) })).toEqual(at(8, 16, 24));
  expect(withRecords(at(8, 16, 24, 32), { after: 20, records: at(22) })).toEqual(at(8, 16, 22));
  expect(withRecords([], { after: 8, records: at(9) })).toEqual(at(9));
});

test('a metric’s points: records without it are left out, and the last of two at one place counts', () => {
  const records = [{ imagesSeen: 8, loss: 3 }, { imagesSeen: 16, step: 2 }, { imagesSeen: 24, loss: 2 }, { imagesSeen: 24, loss: 1, note: 'x' }]; // prettier-ignore
  expect(pointsOf(records, 'loss')).toEqual({ x: [8, 24], y: [3, 1] });
  expect(pointsOf(records, 'accuracy')).toEqual({ x: [], y: [] });
  expect(metricNames(records)).toEqual(['loss']);
});

test('smoothing keeps a constant, and follows a step as the weights say', () => {
  expect(smoothed([1, 2, 3], 0)).toEqual([1, 2, 3]);
  expect(smoothed([2, 2, 2], 0.9).map((one) => one.toFixed(9))).toEqual(['2.000000000', '2.000000000', '2.000000000']);
  const [first, second] = smoothed([0, 1], 0.5);
  expect(first).toBe(0);
  expect(second).toBeCloseTo(2 / 3); // (0.25·0 + 0.5·1) / 0.75
  fc.assert(
    fc.property(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1 }), fc.double({ min: 0, max: 0.99, noNaN: true }), (values, weight) => {
      for (const one of smoothed(values, weight)) {
        expect(one).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(one).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }
    }),
  ); // prettier-ignore
});

test('the nearest point is the nearest', () => {
  expect(nearestIndex([], 3)).toBe(-1);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(100), { minLength: 1 }), fc.integer({ min: -10, max: 110 }), (numbers, place) => {
      const x = numbers.sort((a, b) => a - b);
      const least = Math.min(...x.map((one) => Math.abs(one - place)));
      expect(Math.abs(x[nearestIndex(x, place)]! - place)).toBe(least);
    }),
  );
});

describe('groups', () => {
  const titles = (names: string[]) => groupMetrics(names).map(({ title, metrics }) => `${title}: ${metrics.map(({ label }) => label).join(', ')}`); // prettier-ignore

  test('a generator’s, in the order in which they are looked at', () => {
    const names = ['data_wait', 'images_per_second', 'loss', 'loss_teacher', 'loss_csf', 'loss_scale_13', 'loss_scale_2', 'loss_scale_4x6', 'accuracy_scale_2', 'accuracy_scale_13', 'gradient_norm', 'learning_rate', 'odd_number']; // prettier-ignore
    expect(titles(names)).toEqual([
      'Loss: Total, Teacher forcing, Consistency (CSFL)',
      'Loss by scale: 2 × 2, 4 × 6, 13 × 13',
      'Accuracy by scale: 2 × 2, 13 × 13',
      'Learning rate: Learning rate',
      'Gradient norm: Gradient norm',
      'Throughput (images/s): Throughput (images/s)',
      'Time spent waiting for data: Time spent waiting for data',
      'Odd number: Odd number',
    ]);
    expect(groupMetrics(names).map(({ unit }) => unit).join(' ')).toBe('number number share number number number share number'); // prettier-ignore
  });

  test('a tokenizer’s', () => {
    expect(titles(['loss', 'loss_l1', 'loss_commitment', 'usage', 'usage_scale_4', 'memory_peak'])).toEqual([
      'Loss: Total, L1, Commitment',
      'Codes in use: Codes in use',
      'Codes in use by scale: 4 × 4',
      'Memory, peak: Memory, peak',
    ]);
  });
});

test('settings are rows by their dotted names, with what each run has', () => {
  const rows = settingRows([
    { seed: 1, model: { width: 8, heads: [1, 2] }, empty: {} },
    { seed: 2, model: { width: 8 }, name: 'x' },
  ]);
  expect(rows.map(({ setting, values }) => [setting, ...values.map(settingText)])).toEqual([
    ['seed', '1', '2'],
    ['model.width', '8', '8'],
    ['model.heads', '[1, 2]', '–'],
    ['empty', '{}', '–'],
    ['name', '–', 'x'],
  ]);
});

test('numbers and times as text', () => {
  expect([0, 3, 1.23456, 0.0001, 12_345_678.5].map((value) => figure(value))).toEqual(['0', '3', '1.235', '1.00e-4', '1.23e+7']); // prettier-ignore
  expect([figure(0.875, 'share'), figure(519_843_840, 'bytes')]).toEqual(['87.5 %', '520 MB']);
  expect([tick(0.25, 'share'), tick(0.0005, 'number'), tick(20_000, 'number'), tick(1.5, 'number')]).toEqual(['25%', '5e-4', '20K', '1.5']); // prettier-ignore
  expect([0, 999, 1000, 1_500_000].map(bytes)).toEqual(['0 bytes', '999 bytes', '1 kB', '1.5 MB']);
  const now = Date.parse('2030-01-31T12:00:00Z');
  expect(['2030-01-31T11:59:50Z', '2030-01-31T11:57:00Z', '2030-01-31T07:00:00Z', '2030-01-29T12:00:00Z', '2029-06-01T12:00:00Z'].map((time) => ago(time, now))).toEqual(['just now', '3 minutes ago', '5 hours ago', '2 days ago', 'Jun 1, 2029']); // prettier-ignore
  expect([30, 90, 5400, 300_000].map(duration)).toEqual(['less than a minute', 'about 2 minutes', 'about 2 hours', 'about 3 days']); // prettier-ignore
});
