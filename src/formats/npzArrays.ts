// Writing any arrays as `.npz`, as numpy.savez lays them out: one after the other, each whole or piece by piece; over 4 GiB too.
// All of it goes to a file beside, which gets its name once it is whole.
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { explainIo, makeFolder, moveIntoPlace, writeAll } from '../util/files.js';
import { encodeNpyHeader, npyBytes, type NpyHeader } from './npy.js';
import { zipDirectory, type ZipEntry, zipLocalHeader } from './zipWriter.js';

/** An array that is to be written: what it is, and its elements' bytes, little-endian and row-major, in pieces of any size. */
export interface NpzSource extends NpyHeader {
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Writes one entry from byte `offset` on; the CRC, known at the end, goes into the header that stands before. */
async function writeEntry(descriptor: number, name: string, source: NpzSource, offset: number): Promise<ZipEntry> {
  const header = encodeNpyHeader(source);
  const entry = { name: `${name}.npy`, bytes: header.length + npyBytes(source), crc: 0 };
  const start = offset + zipLocalHeader(entry).length;
  let crc = 0;
  let at = start;
  const append = (bytes: Uint8Array) => {
    writeAll(descriptor, bytes, at);
    crc = crc32(bytes, crc);
    at += bytes.length;
  };
  append(header);
  for await (const piece of source.pieces) append(piece);
  if (at - start !== entry.bytes)
    throw new Error(`internal: array '${name}' has ${at - start - header.length} bytes, expected ${npyBytes(source)}`);
  writeAll(descriptor, zipLocalHeader({ ...entry, crc }), offset);
  return { ...entry, crc, offset };
}

/**
 * Writes arrays by name, whole or not at all; an array named `a` is the entry `a.npy`, for numpy.load as for `NpzFile`.
 * @throws UsageError where the disk refuses; whatever a source throws
 */
export async function writeNpz(path: string, arrays: ReadonlyMap<string, NpzSource>): Promise<void> {
  makeFolder(dirname(path));
  const aside = `${path}.partial`;
  const descriptor = explainIo(aside, () => openSync(aside, 'w'));
  try {
    const entries: ZipEntry[] = [];
    let end = 0;
    for (const [name, source] of arrays) {
      const entry = await writeEntry(descriptor, name, source, end);
      entries.push(entry);
      end = entry.offset + zipLocalHeader(entry).length + entry.bytes;
    }
    writeAll(descriptor, zipDirectory(entries, end), end);
    fsyncSync(descriptor);
    moveIntoPlace(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    explainIo(path, () => {
      throw error;
    });
  } finally {
    closeSync(descriptor);
  }
}
