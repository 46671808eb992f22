// JSON lines: appended, read back, and whole again after a crash in the middle of a line.
import fc from 'fast-check';
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { appendJsonLine, readJsonLines } from './jsonLines.js';

const path = () => join(mkdtempSync(join(tmpdir(), 'scalewise-jsonl-')), 'metrics.jsonl');

test('records come back in order', () => {
  const file = path();
  expect(readJsonLines(file)).toEqual([]);
  const records = [1, 2].map((step) => ({ step, text: 'a\nb', loss: 0.1 }));
  for (const record of records) appendJsonLine(file, record);
  expect(readJsonLines(file)).toEqual(records);
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
});

test('cut at any byte, the whole lines remain and appending goes on', () => {
  const records = [{ a: 1 }, { b: 'äö' }, { c: [1, 2] }];
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  fc.assert(
    fc.property(fc.nat(Buffer.byteLength(text)), (cut) => {
      const file = path();
      writeFileSync(file, text);
      truncateSync(file, cut);
      const whole = Buffer.from(text).subarray(0, cut).toString().split('\n').length - 1;
      expect(readJsonLines(file)).toEqual(records.slice(0, whole));
      appendJsonLine(file, { d: 4 });
      expect(readJsonLines(file)).toEqual([...records.slice(0, whole), { d: 4 }]);
    }),
  );
});

test('a broken line that is not the last names file and line', () => {
  const file = path();
  writeFileSync(file, '{"a":1}\n{"b":\n{"c":1}\n');
  expect(() => readJsonLines(file)).toThrow(new UsageError(`${file}: line 2: expected a JSON record, got "{\\"b\\":"`));
});

test('a folder that is absent is a sentence', () => {
  expect(() => {
    appendJsonLine('/nowhere/metrics.jsonl', {});
  }).toThrow(UsageError);
});
