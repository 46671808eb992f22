// PyTorch files: what real PyTorch wrote is read whole, in both formats; what is written here is read back.
import fc from 'fast-check';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  openWeightsFile,
  PthFile,
  type PthNode,
  PthTensor,
  type RawTensor,
  writePth,
  writeSafetensors,
} from '../index.js';
import { elementSizes, type SafetensorsType, type TensorSource } from '../tensors.js';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'test', 'pth');
const folder = mkdtempSync(join(tmpdir(), 'scalewise-pth-'));

/** A float of 16 bits as its value; `exponentBits` is 5 for float16 and 8 for bfloat16. */
function narrowFloat(bits: number, exponentBits: number): number {
  const mantissaBits = 15 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const [exponent, mantissa] = [(bits >> mantissaBits) & (2 ** exponentBits - 1), bits & (2 ** mantissaBits - 1)];
  const sign = bits >> 15 ? -1 : 1;
  const fraction = mantissa / 2 ** mantissaBits;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

const readers: Record<SafetensorsType, (view: DataView, at: number) => number> = {
  BOOL: (view, at) => view.getUint8(at),
  U8: (view, at) => view.getUint8(at),
  I8: (view, at) => view.getInt8(at),
  I16: (view, at) => view.getInt16(at, true),
  U16: (view, at) => view.getUint16(at, true),
  F16: (view, at) => narrowFloat(view.getUint16(at, true), 5),
  BF16: (view, at) => narrowFloat(view.getUint16(at, true), 8),
  I32: (view, at) => view.getInt32(at, true),
  U32: (view, at) => view.getUint32(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
  U64: (view, at) => Number(view.getBigUint64(at, true)),
  F64: (view, at) => view.getFloat64(at, true),
};
const pythonNames: Record<SafetensorsType, string> = {
  BOOL: 'bool', U8: 'uint8', I8: 'int8', I16: 'int16', U16: 'uint16', F16: 'float16', BF16: 'bfloat16',
  I32: 'int32', U32: 'uint32', F32: 'float32', I64: 'int64', U64: 'uint64', F64: 'float64',
}; // prettier-ignore

function numbers({ dtype, bytes }: RawTensor): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = elementSizes[dtype];
  return Array.from({ length: bytes.byteLength / width }, (_, i) => readers[dtype](view, i * width));
}

/** A file's tree in the JSON of test/pth/make.py. */
function asExpected(file: PthFile, node: PthNode, name: string): unknown {
  const inside = (key: string | number) => (name === '' ? String(key) : `${name}.${key}`);
  if (node instanceof PthTensor) {
    const raw = file.read(name);
    return { dtype: pythonNames[raw.dtype], shape: raw.shape, values: numbers(raw) };
  }
  if (node instanceof Map)
    return Object.fromEntries(Array.from(node, ([key, value]) => [key, asExpected(file, value, inside(key))]));
  if (Array.isArray(node)) return node.map((value, i) => asExpected(file, value, inside(i)));
  if (node instanceof Uint8Array) return { bytes: [...node] };
  if (typeof node === 'bigint' || (typeof node === 'number' && Math.abs(node) > 2 ** 53 && Number.isFinite(node)))
    return { integer: String(node) };
  if (node === -Infinity) return '-inf';
  return node === 'torch.bfloat16' || typeof node !== 'object' ? node : null;
}

describe.each(['torch-2.13', 'torch-1.13'])('written by %s', (version) => {
  const expected = JSON.parse(readFileSync(join(fixtures, version, 'expected.json'), 'utf8')) as {
    trainer: { var_wo_ddp: Record<string, unknown> };
    types: { float32: { values: number[] } };
  };

  test.each(['zip.pth', 'legacy.pth'])('%s: every type, view, parameter and container', (name) => {
    using file = new PthFile(join(fixtures, version, name));
    expect(asExpected(file, file.root, '')).toEqual(expected);
  });

  test.each([3, 4, 5])('pickle protocol %i', (protocol) => {
    using file = new PthFile(join(fixtures, version, `protocol${protocol}.pth`));
    expect(asExpected(file, file.root, '')).toEqual(expected.trainer.var_wo_ddp);
    expect([...file.tensors.keys()].slice(0, 2)).toEqual(['0.weight', '0.bias']);
  });

  test('a bare tensor and a bare storage', () => {
    using bare = new PthFile(join(fixtures, version, 'tensor.pth'));
    expect(numbers(bare.read('tensor'))).toEqual([-5, -0.375, 4.25, -3.75]);
    using storage = new PthFile(join(fixtures, version, 'storage.pth'));
    expect(numbers(storage.read('tensor'))).toEqual(expected.types.float32.values);
  });

  test('flat names and the plain rest', () => {
    using file = openWeightsFile(join(fixtures, version, 'zip.pth')) as PthFile;
    expect(file.metadata).toEqual({});
    expect(file.tensors.get('trainer.var_wo_ddp.0.weight')).toMatchObject({ dtype: 'F32', shape: [4, 3] });
    expect(file.tensors.has('trainer.optimizer.state.0.exp_avg')).toBe(true);
    const structure = file.structure as Record<string, Record<string, unknown>>;
    expect(structure).toMatchObject({
      epoch: 179,
      trainer: { config: { name: 'größe', depth: 16 } },
      args: { lr: 0.125, resume: null },
    });
    expect(structure['trainer']).not.toHaveProperty('var_wo_ddp');
    expect(structure).not.toHaveProperty('parameters');
  });
});

const dtypes = (Object.keys(elementSizes) as SafetensorsType[]).filter(
  (dtype) => !['U16', 'U32', 'U64'].includes(dtype),
);
const tensor = fc
  .record({ dtype: fc.constantFrom(...dtypes), shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }) })
  .chain(({ dtype, shape }) => {
    const count = shape.reduce((a, b) => a * b, elementSizes[dtype]);
    return fc
      .uint8Array({ minLength: count, maxLength: count })
      .map((bytes): TensorSource & { data: Uint8Array } => ({ dtype, shape, data: bytes, bytes: () => bytes }));
  });

describe('written here', () => {
  const path = join(folder, 'ours.pth');

  test('any names, types, shapes and bytes come back', () => {
    const name = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constantFrom('__proto__', '1', 'a.b', 'ü'));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor), { maxLength: 6 }), (list) => {
        const tensors = new Map(list);
        writePth(path, tensors);
        using file = openWeightsFile(path);
        expect([...file.tensors.keys()]).toEqual([...tensors.keys()]);
        for (const [key, { dtype, shape, data }] of tensors)
          expect(file.read(key)).toEqual({ dtype, shape, bytes: data });
      }),
      { numRuns: 100 },
    );
  });

  test('storages begin at multiples of 64 bytes; the same content gives the same bytes', () => {
    const one = { dtype: 'F32', shape: [3], bytes: () => new Uint8Array(12).fill(7) } as const;
    const list = new Map<string, TensorSource>([['a', one], ['long name', one]]); // prettier-ignore
    writePth(path, list);
    const first = readFileSync(path);
    using file = new PthFile(path);
    for (const { storage } of file.tensors.values()) expect(storage.position % 64).toBe(0);
    writePth(path, list);
    expect(readFileSync(path)).toEqual(first);
  });

  test('a type that PyTorch 1 lacks is refused, and no file is left', () => {
    const never = join(folder, 'never.pth');
    const odd = new Map([['a', { dtype: 'U16', shape: [1], bytes: () => new Uint8Array(2) } as const]]);
    expect(() => { writePth(never, odd); }).toThrow(/never\.pth: tensor 'a': U16 cannot be written/); // prettier-ignore
    expect(() => new PthFile(never)).toThrow(/no such file/);
  });

  test('damage to a tensor is found by its checksum when it is read', () => {
    writePth(path, new Map([['a', { dtype: 'F32', shape: [4], bytes: () => new Uint8Array(16).fill(1) } as const]]));
    const bytes = readFileSync(path);
    using good = new PthFile(path);
    bytes[good.tensors.get('a')!.storage.position]! ^= 1;
    writeFileSync(path, bytes);
    using bad = new PthFile(path);
    expect(() => bad.read('a')).toThrow(/checksum of its tensor 'a' is wrong/);
    expect(() => bad.read('b')).toThrow(/there is no tensor 'b'/);
  });
});

test('the format is told by the content, not by the name', () => {
  const source = new Map([['a', { dtype: 'U8', shape: [1], bytes: () => new Uint8Array(1) } as const]]);
  const [one, two, neither] = ['x.pth', 'x.safetensors', 'x.bin'].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
  writeSafetensors(one, source, { k: 'v' });
  writePth(two, source);
  using first = openWeightsFile(one);
  expect(first.metadata).toEqual({ k: 'v' });
  using second = openWeightsFile(two);
  expect(second).toBeInstanceOf(PthFile);
  writeFileSync(neither, 'version https://git-lfs.github.com/spec/v1\n');
  expect(() => openWeightsFile(neither)).toThrow(
    /x\.bin: expected a safetensors file or one of torch\.save, found neither/,
  );
});
