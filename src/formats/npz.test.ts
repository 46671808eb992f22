// `.npz` both ways: against files that NumPy 2.4 wrote (test/formats), past 4 GiB, interrupted at any byte, and damaged in every way.
// The files were made by numpy.savez of bytes (37 i + 11) mod 256, and by numpy.savez_compressed of the arrays named below.
import fc from 'fast-check';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { writeAll } from '../util/files.js';
import { encodeNpyHeader, parseNpyHeader } from './npy.js';
import { NpzFile } from './npzReader.js';
import { NpzImageWriter } from './npzWriter.js';
import { zipDirectory, type ZipEntry, zipLocalHeader } from './zipWriter.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-npz-'));
const path = join(folder, 'file.npz');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const numpyImages = 'test/formats/numpy-images.npz';
const numpyStatistics = 'test/formats/numpy-statistics.npz';
const shape = { count: 4, height: 6, width: 5 };
const imageBytes = 90;
const pixels = Uint8Array.from({ length: 4 * imageBytes }, (_, i) => (i * 37 + 11) % 256);
const image = (i: number) => pixels.subarray(i * imageBytes, (i + 1) * imageBytes);

/** Writes the images that are missing, at most `most` of them. */
function write(most = 4): NpzImageWriter {
  const writer = new NpzImageWriter(path, shape);
  for (let i = writer.done; i < Math.min(4, most); i++) writer.add(image(i));
  return writer;
}

/** A zip file of stored entries. */
function zipOf(entries: Readonly<Record<string, Buffer>>, change: (entry: ZipEntry) => Partial<ZipEntry> = () => ({})) {
  const parts: Buffer[] = [];
  const listed: ZipEntry[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(entries)) {
    const entry = { name, bytes: data.length, crc: crc32(data), offset };
    listed.push({ ...entry, ...change(entry) });
    parts.push(zipLocalHeader(entry), data);
    offset = parts.reduce((sum, part) => sum + part.length, 0);
  }
  writeFileSync(path, Buffer.concat([...parts, zipDirectory(listed, offset)]));
}

async function readAll(file: string): Promise<Record<string, Uint8Array>> {
  using npz = await NpzFile.open(file);
  const found: Record<string, Uint8Array> = {};
  for (const name of npz.arrays.keys()) found[name] = (await npz.read(name)).bytes;
  return found;
}

const openFiles = () => readdirSync('/dev/fd').length;

describe('reading what NumPy wrote', () => {
  test('images row by row, in blocks of any number', async () => {
    using npz = await NpzFile.open(numpyImages);
    expect([...npz.arrays]).toEqual([['arr_0', { type: '|u1', shape: [4, 6, 5, 3] }]]);
    for (const atOnce of [1, 3, 4, 9]) {
      const blocks: Uint8Array[] = [];
      for await (const block of npz.rows('arr_0', atOnce)) blocks.push(block);
      expect(blocks.map((block) => block.length / imageBytes)).toEqual(
        { 1: [1, 1, 1, 1], 3: [3, 1], 4: [4], 9: [4] }[atOnce],
      );
      expect(Buffer.concat(blocks)).toEqual(Buffer.from(pixels));
    }
  });

  test('several deflated arrays of other types and ranks', async () => {
    using npz = await NpzFile.open(numpyStatistics);
    expect(Object.fromEntries(npz.arrays)).toEqual({
      mu: { type: '<f8', shape: [7] },
      sigma: { type: '<f8', shape: [7, 7] },
      labels: { type: '<i8', shape: [5] },
      scalar: { type: '<f4', shape: [] },
      empty: { type: '<f2', shape: [0, 3] },
    });
    const line = Array.from({ length: 7 }, (_, i) => (i - 3) / 3);
    const numbers = new Float64Array((await npz.read('sigma')).bytes.buffer);
    const outer = line.flatMap((a) => line.map((b) => expect.closeTo(a * b, 15) as number));
    expect([...numbers]).toEqual(outer);
    expect(new BigInt64Array((await npz.read('labels')).bytes.buffer)).toEqual(BigInt64Array.of(0n, 1n, 2n, 3n, 4n));
    expect(new Float32Array((await npz.read('scalar')).bytes.buffer)).toEqual(Float32Array.of(2.5));
    expect((await npz.read('empty')).bytes).toHaveLength(0);
    await expect(npz.read('mean')).rejects.toThrow("there is no array 'mean'; it holds mu, sigma, labels, scalar");
  });

  test('leaving early holds nothing open', async () => {
    const before = openFiles();
    for (const file of [numpyImages, numpyStatistics]) {
      using npz = await NpzFile.open(file);
      for await (const row of npz.rows([...npz.arrays.keys()][0]!)) {
        expect(row.length).toBeGreaterThan(0);
        break;
      }
    }
    expect(openFiles()).toBe(before);
  });
});

describe('writing for the evaluator', () => {
  test('the bytes are those of numpy.savez', () => {
    write().finish();
    expect(readFileSync(path)).toEqual(readFileSync(numpyImages));
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  test('interrupted at any byte, it goes on after the last whole image', () => {
    const begun = readFileSync(write().partial);
    const start = begun.length - 4 * imageBytes;
    const cuts = fc.integer({ min: start, max: begun.length });
    fc.assert(
      fc.property(cuts, (cut) => {
        writeFileSync(`${path}.partial`, begun);
        truncateSync(`${path}.partial`, cut);
        expect(new NpzImageWriter(path, shape).done).toBe(Math.floor((cut - start) / imageBytes));
        write().finish();
        expect(readFileSync(path)).toEqual(readFileSync(numpyImages));
      }),
      { numRuns: 30 },
    );
  });

  test('interrupted while finishing, it is finished again', () => {
    writeFileSync(`${path}.partial`, readFileSync(numpyImages).subarray(0, -5)); // CRC and most of the directory
    const writer = new NpzImageWriter(path, shape);
    expect(writer.done).toBe(4);
    writer.finish();
    expect(readFileSync(path)).toEqual(readFileSync(numpyImages));
  });

  test('what was begun for other images is left alone', () => {
    const { partial } = write(2);
    const before = readFileSync(partial);
    expect(() => new NpzImageWriter(path, { ...shape, count: 5 })).toThrow(
      new UsageError(`${partial}: it is not the beginning of a file of 5 images of 5 × 6; remove it, or choose another file`), // prettier-ignore
    );
    expect(readFileSync(partial)).toEqual(before);
    rmSync(partial);
  });

  test('a wrong size, too many and too few are mistakes of the program', () => {
    const writer = write(3);
    expect(() => {
      writer.finish();
    }).toThrow('internal: the file has 3 of 4 images');
    expect(() => {
      writer.add(new Uint8Array(imageBytes - 1));
    }).toThrow(/internal.*89 bytes, expected 90/);
    writer.add(image(3));
    expect(() => {
      writer.add(image(0));
    }).toThrow('internal: image 4 of 4');
    writer.finish();
  });

  test('past 4 GiB: the array of 50,000 images, and an entry that begins behind it', async () => {
    const many = [50_000, 256, 256, 3];
    const header = encodeNpyHeader({ type: '|u1', shape: many });
    const second = Buffer.concat([encodeNpyHeader({ type: '<i2', shape: [1] }), Buffer.of(3, 1)]);
    const bytes = header.length + 50_000 * 256 * 256 * 3;
    const first = { name: 'arr_0.npy', bytes, crc: 1, offset: 0 };
    const start = zipLocalHeader(first);
    const offset = start.length + bytes;
    const other = { name: 'arr_1.npy', bytes: second.length, crc: crc32(second), offset };
    const tail = Buffer.concat([zipLocalHeader(other), second]);
    const descriptor = openSync(path, 'w');
    try {
      writeAll(descriptor, Buffer.concat([start, header]));
      ftruncateSync(descriptor, offset); // a hole: no disk is used
      writeAll(descriptor, Buffer.concat([tail, zipDirectory([first, other], offset + tail.length)]), offset);
    } finally {
      closeSync(descriptor);
    }
    using npz = await NpzFile.open(path);
    expect([...npz.arrays.values()].map((array) => array.shape)).toEqual([many, [1]]);
    expect((await npz.read('arr_1')).bytes).toEqual(Uint8Array.of(3, 1));
    await expect(npz.read('arr_0')).rejects.toThrow(/would take 9830400000 bytes of memory at once; read it by rows/);
    for await (const row of npz.rows('arr_0')) {
      expect(row).toEqual(new Uint8Array(256 * 256 * 3));
      break;
    }
  });
});

describe('headers of arrays', () => {
  /** Header bytes with this dictionary. */
  const headerOf = (text: string, version = 1) => {
    const bytes = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0${' '.repeat(version === 1 ? 2 : 4)}${text}\n`, 'latin1'); // prettier-ignore
    if (version === 1) bytes.writeUInt16LE(text.length + 1, 8);
    else bytes.writeUInt32LE(text.length + 1, 8);
    return bytes;
  };
  test.each<[string, readonly number[]]>([
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (), }", []],
    ["{'shape':(3,),'fortran_order':False,'descr':'|u1'}", [3]],
    [`{"descr": "|u1", "fortran_order": True, "shape": (3L,), }   `, [3]],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0)}", [2, 0]],
  ])('read: %s', (text, shape) => {
    for (const version of [1, 2, 3]) expect(parseNpyHeader('a', headerOf(text, version))).toEqual({ type: '|u1', shape }); // prettier-ignore
  });
  test.each([
    ["{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", /of the type "\|O"; expected little-endian numbers/],
    ["{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", /of the type ">f4"/],
    ["{'descr': 'toString', 'fortran_order': False, 'shape': (1,), }", /of the type "toString"/],
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", /not the dictionary that NumPy writes/],
    ["{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", /in Fortran order/],
    ["{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2), }", /not the dictionary/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", /not the dictionary/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1e3,), }", /not the dictionary/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': '1', }", /malformed 'shape'/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", /too large/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (94906267, 94906267, 0), }", undefined],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (94906267, 94906267), }", /too large/],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", /names 'descr' twice/],
    ["{'descr': '<f4', 'fortran_order': False, }", /lacks one of/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", /not the dictionary/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + 1", /not the dictionary/],
    ["__import__('os')", /no dictionary/],
  ])('told: %s', (text, message) => {
    const parse = () => parseNpyHeader('a.npy', headerOf(text));
    if (message === undefined) expect(parse().shape).toHaveLength(3);
    else expect(parse).toThrow(message);
  });
});

describe('refused in a sentence', () => {
  const array = Buffer.concat([encodeNpyHeader({ type: '|u1', shape: [3] }), Buffer.of(1, 2, 3)]);
  test.each<[string, Record<string, Buffer>, (entry: ZipEntry) => Partial<ZipEntry>, RegExp]>([
    ['a CRC that differs', { 'a.npy': array }, () => ({ crc: 5 }), /size and its CRC/],
    ['an offset past the end', { 'a.npy': array }, () => ({ offset: 1e6 }), /unexpected EOF/],
    ['an offset past 2^53', { 'a.npy': array }, () => ({ offset: 2 ** 60 }), /unexpected EOF/],
    ['a size past the end', { 'a.npy': array }, () => ({ bytes: 2 ** 40 }), /overflows file bounds/],
    ['a size past 2^53', { 'a.npy': array }, () => ({ bytes: 2 ** 62 }), /overflows file bounds/],
    [
      'fewer bytes than the shape needs',
      { 'a.npy': array.subarray(0, -1) },
      () => ({}),
      /\(3\) needs 3 bytes, it has 2/,
    ],
    ['more bytes', { 'a.npy': Buffer.concat([array, array]) }, () => ({}), /needs 3 bytes, it has 134/],
    ['a header that is cut', { 'a.npy': array.subarray(0, 40) }, () => ({}), /ends within the array's header/],
    ['a version of its own', { 'a.npy': Buffer.from('\x93NUMPY\x09\0xxxxxxxx', 'latin1') }, () => ({}), /version 9\.0/],
    ['a header of gigabytes', { 'a.npy': Buffer.from('\x93NUMPY\x02\0\xff\xff\xff\xff', 'latin1') }, () => ({}), /4294967295 bytes/], // prettier-ignore
    ['something else', { 'a.npy': Buffer.from('not an array at all') }, () => ({}), /does not begin as one/],
    ['a file of another kind', { 'a.txt': array }, () => ({}), /arrays \(\.npy\) only, found 'a\.txt'/],
    ['a name that leads elsewhere', { '../a.npy': array }, () => ({}), /invalid relative path/],
    ['a name twice', { 'a.npy': array, 'b.npy': array }, () => ({ name: 'a.npy' }), /names 'a\.npy' twice/],
  ])('%s', async (_, entries, change, message) => {
    zipOf(entries, change);
    const error = await readAll(path).catch((error: unknown) => error as Error);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(path);
  });

  test('a directory past 2^53, no zip file, an empty file, a folder, and nothing', async () => {
    const locator = Buffer.alloc(42);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(2n ** 63n, 8);
    locator.writeUInt32LE(0x06054b50, 20);
    for (const bytes of [locator, Buffer.from('no zip file, but longer than an end record'), Buffer.alloc(0)]) {
      writeFileSync(path, bytes);
      await expect(readAll(path)).rejects.toThrow(UsageError);
    }
    await expect(readAll(folder)).rejects.toThrow(UsageError);
    await expect(readAll(join(folder, 'nowhere.npz'))).rejects.toThrow(/no such file/);
  });

  test('damaged or cut anywhere, a file is refused or read, and never read wrongly; nothing stays open', async () => {
    const files = [numpyImages, numpyStatistics];
    const whole = await Promise.all(files.map(readAll));
    const before = openFiles();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
        fc.option(fc.nat()),
        async (which, edits, cut) => {
          const bytes = readFileSync(files[which]!);
          for (const [at, flip] of edits) bytes[at % bytes.length]! ^= flip;
          writeFileSync(path, cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
          try {
            const found = await readAll(path);
            for (const [name, data] of Object.entries(found))
              if (name in whole[which]!) expect(Buffer.compare(data, whole[which]![name]!)).toBe(0);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
            refused++;
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(500);
    expect(openFiles()).toBe(before);
  });
});
