// Any window on a storage is read as a contiguous copy: against a plain loop, in blocks of every kind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { PthFile } from '../../src/formats/index.js';
import { archive, integer, pickle, tensorText, tuple } from './build.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-views-'));
const path = join(folder, 'file.pth');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const types = [
  ['ByteStorage', Uint8Array],
  ['ShortStorage', Int16Array],
  ['FloatStorage', Float32Array],
  ['DoubleStorage', Float64Array],
] as const;

/** Where the elements of a window lie, in row-major order. */
function places(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  const [size, ...sizes] = shape;
  const [stride, ...rest] = strides;
  if (size === undefined) return [offset];
  return Array.from({ length: size }, (_, i) => places(sizes, rest, offset + i * stride!)).flat();
}

function check(
  type: (typeof types)[number],
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): void {
  const [name, Elements] = type;
  const expected = places(shape, strides, offset);
  const count = Math.max(offset, ...expected) + 1;
  const storage = new Elements(Array.from({ length: count }, (_, i) => (i * 37) % 101));
  const [size, stride] = [shape, strides].map((list) => tuple(...list.map(integer))) as [string, string];
  const tensor = tensorText({ type: name, count, offset: integer(offset), size, stride });
  writeFileSync(path, archive(pickle(tensor), { 0: Buffer.from(storage.buffer) }));
  using file = new PthFile(path);
  const { bytes } = file.read('tensor');
  expect([...new Elements(bytes.buffer as ArrayBuffer)]).toEqual(expected.map((i) => (i * 37) % 101));
}

/** Sizes; strides that do not let elements overlap, in any order, with gaps, some expanded. */
const windows = fc
  .array(fc.record({ size: fc.nat(4), gap: fc.nat(3), order: fc.nat(), expanded: fc.nat(5) }), { maxLength: 5 })
  .map((dimensions) => {
    const strides = dimensions.map(() => 0);
    let next = 1;
    const order = dimensions.map((one, i) => ({ ...one, i })).sort((a, b) => a.order - b.order);
    for (const { size, gap, expanded, i } of order) {
      if (expanded === 0) continue;
      strides[i] = next + gap;
      next += Math.max(size - 1, 0) * strides[i];
    }
    return { shape: dimensions.map(({ size }) => size), strides };
  });

test('windows of any sizes, strides and types', () => {
  fc.assert(
    fc.property(fc.constantFrom(...types), windows, fc.nat(9), (type, { shape, strides }, offset) => {
      check(type, shape, strides, offset);
    }),
    { numRuns: 300 },
  );
});

test.each<[string, shape: number[], strides: number[]]>([
  ['few elements, far apart', [3, 4], [300_000, 1]],
  ['single elements, far apart', [5, 2], [7, 200_000]],
  ['far apart in two dimensions', [3, 3], [900_000, 300_000]],
])('%s', (_, shape, strides) => {
  for (const type of types) check(type, shape, strides, 3);
});
