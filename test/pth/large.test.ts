// Files of gigabytes (made of holes): opened and read tensor by tensor, in little memory beyond the tensors.
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { PthFile } from '../../src/formats/index.js';
import { zipDirectory, type ZipEntry, zipLocalHeader } from '../../src/formats/zipWriter.js';
import { dict, integer, legacy, list, pickle, tensorText, text, tuple, uint } from './build.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-large-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const huge = 50_000; // 50,000 x 50,000 floats: 10 GB
const side = 6_000; // 144 MB
const squares = 8; // more than the memory that is allowed
/** Sizes of the storages, by their keys. */
const storages = new Map<string, number>([['huge', huge * huge]]);
for (let i = 0; i < squares; i++) storages.set(`square${i}`, side * side);

const square = (key: string, rows: number, strides: [number, number]) =>
  tensorText({
    key,
    count: rows * rows,
    size: tuple(integer(rows), integer(rows)),
    stride: tuple(integer(strides[0]), integer(strides[1])),
    view: ['N'],
  });
const body = pickle(
  dict(
    Object.fromEntries(
      Array.from(storages.keys(), (key) => {
        const rows = key === 'huge' ? huge : side;
        return [key, square(key, rows, key === 'square0' ? [1, rows] : [rows, 1])];
      }),
    ),
  ),
);

/** A file that is empty but at some places. */
function writeSparse(path: string, size: number, places: readonly [position: number, bytes: Buffer][]): void {
  const descriptor = openSync(path, 'w');
  for (const [position, bytes] of places) writeSync(descriptor, bytes, 0, bytes.length, position);
  closeSync(descriptor);
  truncateSync(path, size);
}

const mark = Buffer.from(Float32Array.of(7).buffer);
/** A 7 at row 5, column 3 of every square. */
const marked = (key: string, begin: number): [number, Buffer][] =>
  key === 'huge' ? [] : [[begin + 4 * (5 * side + 3), mark]];

function writeArchive(path: string): void {
  const places: [number, Buffer][] = [];
  const entries: ZipEntry[] = [];
  let position = 0;
  const add = (name: string, bytes: number, crc: number) => {
    const entry = { name: `archive/${name}`, bytes, crc, offset: position };
    const header = zipLocalHeader(entry);
    places.push([position, header]);
    entries.push(entry);
    position += header.length + bytes;
    return position - bytes;
  };
  for (const [name, content] of [
    ['data.pkl', body],
    ['version', '3\n'],
  ] as const) {
    const bytes = Buffer.from(content, 'latin1');
    places.push([add(name, bytes.length, crc32(bytes)), bytes]);
  }
  for (const [key, count] of storages) places.push(...marked(key, add(`data/${key}`, 4 * count, 0)));
  const end = zipDirectory(entries, position);
  writeSparse(path, position + end.length, [...places, [position, end]]);
}

function writeLegacy(path: string): void {
  const head = legacy({ object: body, keys: pickle(list(...Array.from(storages.keys(), text))), storages: '' });
  const places: [number, Buffer][] = [[0, head]];
  let position = head.length;
  for (const [key, count] of storages) {
    places.push([position, Buffer.from(uint(count, 8), 'latin1')], ...marked(key, position + 8));
    position += 8 + 4 * count;
  }
  writeSparse(path, position, places);
}

test.each([
  ['zip64', writeArchive, squares],
  ['legacy', writeLegacy, 2],
] as const)('%s: 11 GB, read in under 1 GB', (name, write, reads) => {
  const path = join(folder, name);
  write(path);
  const before = process.memoryUsage().rss;
  let most = 0;
  using file = new PthFile(path);
  expect(file.tensors.get('huge')).toMatchObject({ dtype: 'F32', shape: [huge, huge] });
  for (let i = 0; i < reads; i++) {
    const { bytes } = file.read(`square${i}`);
    const at = i === 0 ? 3 * side + 5 : 5 * side + 3; // the first is transposed
    expect(new DataView(bytes.buffer).getFloat32(4 * at, true)).toBe(7);
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  expect(most).toBeLessThan(1e9);
});
