// A record reads back as it was written, numbers that JSON lacks included.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ArmRecord } from './record.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-record-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('an arm whose log holds no numbers', () => {
  const path = join(folder, 'seed-0.json');
  const record = new ArmRecord(path, 'start');
  const figures = { fcd: NaN, precision: -Infinity, recall: Infinity, agreement: 0.5 };
  record.keep('key', figures);
  expect(readFileSync(path, 'utf8')).toContain('"fcd":"NaN","precision":"-Infinity"');
  writeFileSync(join(folder, 'metrics.jsonl'), '{"step":1,"imagesSeen":4,"loss":3,"gradient_norm":null}\n');
  record.keepTraining(folder, 'settings', 'the loss was NaN');
  expect(record.training!.stability!.gradientLargest).toBeNaN();
  const again = new ArmRecord(path, 'start');
  expect(again.measurement('key')).toEqual(figures);
  expect(again.training).toEqual(record.training);
});

test('null, as older records have it, is no number', () => {
  const path = join(folder, 'old.json');
  writeFileSync(path, '{"measurements":{"key":{"fcd":null}}}');
  expect(new ArmRecord(path, 'start').measurement('key')!['fcd']).toBeNaN();
});
