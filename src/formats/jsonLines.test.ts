// JSON lines: appended, read back, and whole again after a crash in the middle of a line.
import fc from 'fast-check';
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { appendJsonLine, lastJsonLine, readJsonLines } from './jsonLines.js';

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

test('a broken line that is not the last names file and line, or is told of and left out', () => {
  const file = path();
  writeFileSync(file, '{"a":1}\n{"b":\n{"c":1}\n');
  const sentence = `${file}: line 2: expected a JSON record, got "{\\"b\\":"`;
  expect(() => readJsonLines(file)).toThrow(new UsageError(sentence));
  const told: string[] = [];
  expect(readJsonLines(file, (line) => told.push(line))).toEqual([{ a: 1 }, { c: 1 }]);
  expect(told).toEqual([sentence]);
});

test('the last record that is wanted is found from the end, behind torn, broken and other lines', () => {
  const file = path();
  const isStep = (value: unknown): value is { step: number } => typeof (value as { step?: unknown })?.step === 'number';
  expect(lastJsonLine(file, isStep)).toBeUndefined();
  writeFileSync(file, '');
  expect(lastJsonLine(file, isStep)).toBeUndefined();
  writeFileSync(file, '{"step":1}\n{"step":2}\nnull\n{"ste\n{"step":3}');
  expect(lastJsonLine(file, isStep)).toEqual({ step: 2 });
  for (const filler of [1000, 32_760, 70_000]) {
    writeFileSync(file, `{"step":1}\n{"step":2,"text":"${'ä'.repeat(filler)}"}\n${'0\n'.repeat(filler)}x\n`);
    expect(lastJsonLine(file, isStep)).toMatchObject({ step: 2 });
  }
});

test('with any bit turned, the lines before it come back, and the file can be read and goes on', () => {
  const records = [{ step: 1 }, { step: 2 }, { step: 3 }];
  const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const file = path();
      const turned = Buffer.from(bytes);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file, turned);
      const before = bytes.subarray(0, bit >> 3).toString().split('\n').length - 1; // prettier-ignore
      appendJsonLine(file, { step: 4 });
      const read = readJsonLines(file, () => undefined);
      expect(read.slice(0, before)).toEqual(records.slice(0, before));
      expect(read.at(-1)).toEqual({ step: 4 });
    }),
  );
});

test('a folder that is absent is a sentence', () => {
  expect(() => {
    appendJsonLine('/nowhere/metrics.jsonl', {});
  }).toThrow(UsageError);
});
