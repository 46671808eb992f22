// safetensors: round trips of any content, and every refusal that the official reader makes (plus keys given twice).
import fc from 'fast-check';
import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { readSafetensors, SafetensorsFile, writeSafetensors } from './safetensors.js';
import type { SafetensorsType, TensorSource } from './tensors.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-safetensors-'));
const path = join(folder, 'file.safetensors');

const sizes: Record<SafetensorsType, number> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

/** A file with this header (text or bytes) and as many zero bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0, declared?: bigint): string {
  const bytes = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(declared ?? BigInt(bytes.byteLength));
  writeFileSync(path, Buffer.concat([length, bytes, Buffer.alloc(dataBytes)]));
  return path;
}

const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', '1', 'constructor', 'a"b\\', 'ü'));
const tensor = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(sizes) as SafetensorsType[])),
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
  })
  .chain(({ dtype, shape }) => {
    const count = shape.reduce((a, b) => a * b, sizes[dtype]);
    return fc
      .uint8Array({ minLength: count, maxLength: count })
      .map((bytes): TensorSource & { data: Uint8Array } => ({ dtype, shape, data: bytes, bytes: () => bytes }));
  });

describe('round trip', () => {
  test('of any names, types, shapes, bytes and metadata', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, tensor), { maxLength: 6 }),
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (list, metadata) => {
          const tensors = new Map(list);
          writeSafetensors(path, tensors, metadata);
          const back = readSafetensors(path);
          expect(Object.entries(back.metadata)).toEqual(Object.entries(metadata));
          expect(new Set(back.tensors.keys())).toEqual(new Set(tensors.keys()));
          for (const [key, { dtype, shape, data }] of tensors)
            expect(back.tensors.get(key)).toEqual({ dtype, shape, bytes: data });
        },
      ),
      { numRuns: 150 },
    );
  });

  test('the bytes are those of the format: length, padded header, wide elements first', () => {
    const one = (dtype: SafetensorsType, ...bytes: number[]): TensorSource => ({
      dtype,
      shape: [bytes.length / sizes[dtype]],
      bytes: () => Uint8Array.from(bytes),
    });
    writeSafetensors(path, new Map([['b', one('U8', 9)], ['a', one('I32', 1, 0, 0, 0)]]), { x: 'y' }); // prettier-ignore
    const header =
      '{"__metadata__":{"x":"y"},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8, ' ');
    expect(readFileSync(path)).toEqual(
      Buffer.concat([
        Uint8Array.of(padded.length, 0, 0, 0, 0, 0, 0, 0),
        Buffer.from(padded),
        Uint8Array.of(1, 0, 0, 0, 9),
      ]),
    );
  });

  test('one tensor is read at its place, without the others', () => {
    writeSafetensors(
      path,
      new Map(
        [1, 2, 3].map((fill): [string, TensorSource] => [
          `t${fill}`,
          { dtype: 'U8', shape: [2, 2], bytes: () => new Uint8Array(4).fill(fill) },
        ]),
      ),
    );
    using open = new SafetensorsFile(path);
    expect(open.read('t2')).toEqual({ dtype: 'U8', shape: [2, 2], bytes: Uint8Array.of(2, 2, 2, 2) });
    expect(() => open.read('t4')).toThrow(UsageError);
  });

  test('bytes that do not fill the shape leave no file', () => {
    const target = join(folder, 'never');
    const wrong: TensorSource = { dtype: 'F32', shape: [2], bytes: () => new Uint8Array(7) };
    expect(() => {
      writeSafetensors(target, new Map([['a', wrong]]));
    }).toThrow('expected 8 bytes, got 7');
    expect(readdirSync(folder)).not.toContain('never');
  });
});

describe('accepted, as the official reader does', () => {
  test('spaces after the header, an empty file of tensors, scalars, sides of zero', () => {
    expect(readSafetensors(file('{}')).tensors.size).toBe(0);
    expect(
      readSafetensors(file('{"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}   ', 4)).tensors.get('a'),
    ).toEqual({
      dtype: 'I32',
      shape: [],
      bytes: new Uint8Array(4),
    });
    expect(readSafetensors(file('{"a":{"dtype":"I32","shape":[2,0],"data_offsets":[0,0]}}')).tensors.size).toBe(1);
  });
});

const entry = (name: string, shape: string, begin: number | string, end: number | string, dtype = '"F32"') =>
  `"${name}":{"dtype":${dtype},"shape":${shape},"data_offsets":[${begin},${end}]}`;

describe('refused with the file named', () => {
  test.each<[string, string | Uint8Array, number, RegExp]>([
    ['a gap before the first', `{${entry('a', '[1]', 4, 8)}}`, 8, /'a' begins at 4, after a hole/],
    ['a gap between', `{${entry('a', '[1]', 0, 4)},${entry('b', '[1]', 8, 12)}}`, 12, /'b' begins at 8, after a hole/],
    ['an overlap', `{${entry('a', '[2]', 0, 8)},${entry('b', '[1]', 4, 8)}}`, 8, /'b' begins at 4, inside another/],
    ['two on one place', `{${entry('a', '[1]', 0, 4)},${entry('b', '[1]', 0, 4)}}`, 4, /inside another/],
    ['end before begin', `{${entry('a', '[1]', 4, 0)}}`, 4, /needs 4 bytes, its offsets give -4/],
    ['a shape larger than its bytes', `{${entry('a', '[2]', 0, 4)}}`, 4, /needs 8 bytes, its offsets give 4/],
    ['a shape smaller than its bytes', `{${entry('a', '[1]', 0, 8)}}`, 8, /needs 4 bytes, its offsets give 8/],
    [
      'a product past 2^64',
      `{${entry('a', '[4294967296,4294967296,16]', 0, 4)}}`,
      4,
      /needs 1180591620717411303424 bytes/,
    ],
    ['a side past 2^53', `{${entry('a', '[18446744073709551616]', 0, 4)}}`, 4, /malformed shape/],
    ['a negative side', `{${entry('a', '[-1]', 0, 4)}}`, 4, /-1|malformed shape/],
    ['a side that is no whole number', `{${entry('a', '[1.0]', 0, 4)}}`, 4, /holds 1\.0 where only whole numbers/],
    ['an offset with an exponent', `{${entry('a', '[1]', 0, '4e0')}}`, 4, /holds 4e0/],
    ['a side in text', `{${entry('a', '["1"]', 0, 4)}}`, 4, /malformed shape/],
    ['offsets missing', '{"a":{"dtype":"F32","shape":[1]}}', 4, /malformed offsets/],
    ['three offsets', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', 4, /malformed offsets/],
    ['an unknown type', `{${entry('a', '[1]', 0, 4, '"FLOAT"')}}`, 4, /unknown dtype "FLOAT"/],
    ['a type that JavaScript objects have', `{${entry('a', '[1]', 0, 4, '"toString"')}}`, 4, /unknown dtype/],
    ['a tensor that is no object', '{"a":[1]}', 0, /unknown dtype/],
    ['a tensor that is null', '{"a":null}', 0, /unknown dtype/],
    ['a name twice', `{${entry('a', '[1]', 0, 4)},${entry('a', '[1]', 4, 8)}}`, 8, /names 'a' twice/],
    [
      'a name twice, once escaped',
      `{${entry('a', '[1]', 0, 4)},${entry('\\u0061', '[1]', 4, 8)}}`,
      8,
      /names 'a' twice/,
    ],
    ['a field twice', '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4, /names 'dtype' twice/],
    ['metadata twice', '{"__metadata__":{},"__metadata__":{}}', 0, /twice/],
    ['metadata with a number', '{"__metadata__":{"a":1}}', 0, /metadata is not an object of strings/],
    ['metadata as a list', '{"__metadata__":["a"]}', 0, /metadata is not an object of strings/],
    ['bytes after the last tensor', `{${entry('a', '[1]', 0, 4)}}`, 5, /expected 4 bytes of tensors, found 5/],
    ['a list for a header', '[]', 0, /does not begin with '{'/],
    ['a space before the header', ' {}', 0, /does not begin with '{'/],
    ['a byte order mark', '\ufeff{}', 0, /does not begin with '{'/],
    ['no JSON', '{"a":}', 0, /not JSON/],
    ['text after the header', '{}x', 0, /not JSON/],
    ['a header of nothing', '', 0, /does not begin with '{'/],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 0, /not UTF-8/],
  ])('%s', (_, header, dataBytes, message) => {
    file(header, dataBytes);
    expect(() => readSafetensors(path)).toThrow(UsageError);
    expect(() => readSafetensors(path)).toThrow(message);
    expect(() => readSafetensors(path)).toThrow(path);
  });

  test('metadata as a list of nothing', () => {
    expect(() => readSafetensors(file('{"__metadata__":[]}'))).toThrow(UsageError);
  });

  test.each<[bigint, RegExp]>([
    [100_000_001n, /would have 100000001 bytes/],
    [2n ** 64n - 1n, /would have 18446744073709551615 bytes/],
    [50n, /should have 50 bytes, the file ends before/],
  ])('a header said to have %s bytes', (declared, message) => {
    expect(() => readSafetensors(file('{}', 0, declared))).toThrow(message);
  });

  test('a file cut at any byte, with what was expected and found', () => {
    const whole = file(`{${entry('a', '[4]', 0, 16)}}`, 16);
    const size = readFileSync(whole).byteLength;
    for (let cut = size - 1; cut >= 0; cut--) {
      truncateSync(whole, cut);
      expect(() => readSafetensors(whole), `cut at ${cut}`).toThrow(UsageError);
    }
    file(`{${entry('a', '[4]', 0, 16)}}`, 10);
    expect(() => readSafetensors(path)).toThrow(/expected 16 bytes of tensors, found 10/);
  });

  test('a file that is not there, and a folder', () => {
    expect(() => readSafetensors(join(folder, 'nowhere'))).toThrow(/nowhere: no such file or folder/);
    expect(() => readSafetensors(folder)).toThrow(UsageError);
  });

  test('random damage is refused or read, never anything else', () => {
    writeSafetensors(path, new Map([['a', { dtype: 'F32', shape: [2, 2], bytes: () => new Uint8Array(16) }]]), {
      k: 'v',
    });
    const good = readFileSync(path);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (edits) => {
        const bad = Buffer.from(good);
        for (const [at, value] of edits) bad[at] = value;
        writeFileSync(path, bad);
        try {
          readSafetensors(path);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
