// Event files, read back by a decoder that shares no line with the writer: bitwise CRC-32C, generic protocol buffers.
import fc from 'fast-check';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { EventWriter } from './tfevents.js';

const folder = () => mkdtempSync(join(tmpdir(), 'scalewise-events-'));

function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function unmasked(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** The records of a file, checksums verified. */
function records(path: string): Buffer[] {
  const file = readFileSync(path);
  const found: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    expect(unmasked(file.readUInt32LE(at + 8))).toBe(crc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(unmasked(file.readUInt32LE(at + 12 + length))).toBe(crc32c(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

type Message = Map<number, (number | Buffer)[]>;

/** Any message: field number -> values. */
function decode(data: Buffer): Message {
  const fields: Message = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = data[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  };
  while (at < data.length) {
    const key = varint();
    let value: number | Buffer;
    if (key % 8 === 0) value = varint();
    else if (key % 8 === 1) value = data.readDoubleLE((at += 8) - 8);
    else if (key % 8 === 5) value = data.readFloatLE((at += 4) - 4);
    else {
      expect(key % 8).toBe(2);
      const length = varint();
      value = data.subarray(at, (at += length));
    }
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  expect(at).toBe(data.length);
  return fields;
}

const one = (message: Message, field: number) => message.get(field)![0]!;
const inner = (message: Message, field: number) => decode(one(message, field) as Buffer);

test('the checksum of this test is right', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('the file begins with its version, and has a name that TensorBoard finds', () => {
  const events = new EventWriter(folder());
  events.close();
  expect(basename(events.path)).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  const [first] = records(events.path).map(decode);
  expect(Math.abs((one(first!, 1) as number) - Date.now() / 1000)).toBeLessThan(60);
  expect(String(one(first!, 3))).toBe('brain.Event:2');
});

test('scalars: tag, value in float32, step', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat(Number.MAX_SAFE_INTEGER), fc.float({ noNaN: true })), {
        maxLength: 5,
      }),
      (rows) => {
        const events = new EventWriter(folder());
        for (const [tag, step, value] of rows) events.scalar(tag, step, value);
        events.close();
        const [, ...read] = records(events.path).map(decode);
        expect(
          read.map((event) => {
            const value = inner(inner(event, 5), 1);
            return [String(one(value, 1)), one(event, 2), one(value, 2)];
          }),
        ).toEqual(rows);
      },
    ),
    { numRuns: 50 },
  );
});

test('images: sizes, colours and the very bytes', () => {
  const events = new EventWriter(folder());
  const png = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256));
  events.image('samples', 7, png, 200, 130);
  events.close();
  const event = decode(records(events.path)[1]!);
  expect(one(event, 2)).toBe(7);
  const value = inner(inner(event, 5), 1);
  expect(String(one(value, 1))).toBe('samples');
  const image = inner(value, 4);
  expect([one(image, 1), one(image, 2), one(image, 3)]).toEqual([130, 200, 3]);
  expect(one(image, 4)).toEqual(png);
});

test('a resumed run voids later steps of earlier files; two files of one second have two names', () => {
  const place = folder();
  const first = new EventWriter(place);
  const second = new EventWriter(place, { purgeStep: 12 });
  first.close();
  second.close();
  expect(second.path).not.toBe(first.path);
  const event = decode(records(second.path)[1]!);
  expect(one(event, 2)).toBe(12);
  expect(one(inner(event, 7), 1)).toBe(1); // SessionLog.START
});

test('a folder that is absent is a sentence', () => {
  expect(() => new EventWriter('/nowhere')).toThrow(UsageError);
});
