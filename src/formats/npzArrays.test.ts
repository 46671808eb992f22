// Writing several arrays: read back, against NumPy's own bytes, and not at all where a source fails.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeNpz } from './npzArrays.js';
import { NpzFile } from './npzReader.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-npz-arrays-'));
const path = join(folder, 'file.npz');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

test('one array in pieces has the bytes of numpy.savez', async () => {
  const pixels = Uint8Array.from({ length: 360 }, (_, i) => (i * 37 + 11) % 256);
  await writeNpz(path, new Map([['arr_0', { type: '|u1', shape: [4, 6, 5, 3], pieces: inPieces(pixels, 90) }]]));
  expect(readFileSync(path)).toEqual(readFileSync('test/formats/numpy-images.npz'));
});

test('several arrays of several types', async () => {
  const mean = new Uint8Array(Float64Array.of(1.5, -2).buffer);
  const words = Buffer.from('{"a":1}');
  await writeNpz(path, new Map([
    ['mu', { type: '<f8', shape: [2], pieces: [mean] }],
    ['words', { type: '|u1', shape: [7], pieces: [words.subarray(0, 3), words.subarray(3)] }],
    ['none', { type: '|u1', shape: [0, 3], pieces: [] }],
  ])); // prettier-ignore
  using file = await NpzFile.open(path);
  expect([...file.arrays.keys()]).toEqual(['mu', 'words', 'none']);
  expect((await file.read('mu')).bytes).toEqual(mean);
  expect(Buffer.from((await file.read('words')).bytes).toString()).toBe('{"a":1}');
});

test('a source that fails or ends early leaves what was there', async () => {
  const before = readFileSync(path);
  const failing = function* () {
    yield new Uint8Array(3);
    throw new Error('no more');
  };
  const write = (pieces: Iterable<Uint8Array>) => writeNpz(path, new Map([['a', { type: '|u1', shape: [6], pieces }]]));
  await expect(write(failing())).rejects.toThrow('no more');
  await expect(write([new Uint8Array(5)])).rejects.toThrow("array 'a' has 5 bytes, expected 6");
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(folder)).toEqual(['file.npz']);
});
