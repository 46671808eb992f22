// What lies where in a tar archive: its headers are read, the contents skipped. Names of entries are names, never paths to write to.
// Of ustar, GNU's long names and sizes, and pax's `path` and `size` (POSIX.1-2017, pax).
import { UsageError } from '../../util/errors.js';
import type { ByteFile } from './byteFile.js';

/** A file in an archive: `size` bytes from `offset` on. */
export interface TarEntry {
  name: string;
  offset: number;
  size: number;
}

const block = 512;
const windowBytes = 16 * 1024; // small files lie between the headers: one request mostly reads them and the next header
const longestName = 65_536; // bytes of a header that only carries names

/** Reads small pieces through a window, so that neighbours cost one request. */
export function windowed(file: ByteFile): (offset: number, length: number) => Promise<Uint8Array> {
  let start = 0;
  let held = new Uint8Array();
  return async (offset, length) => {
    if (offset < start || offset + length > start + held.length) {
      held = await file.read(offset, Math.min(file.size - offset, Math.max(length, windowBytes)));
      start = offset;
    }
    return held.subarray(offset - start, offset - start + length);
  };
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** Octal digits, or GNU's base 256 where the first bit is set; NaN for anything else. */
function numberOf(field: Uint8Array): number {
  if (field[0]! & 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, field[0]! & 0x7f);
  const text = textOf(field).trim();
  return text === '' ? 0 : /^[0-7]+$/.test(text) ? parseInt(text, 8) : NaN;
}

function checksumHolds(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  return sum === numberOf(header.subarray(148, 156));
}

/** The records `LENGTH key=value\n` of a pax header. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const digits = /^\d{1,6} /.exec(Buffer.from(bytes.subarray(at, at + 8)).toString('latin1'))?.[0];
    const length = Number(digits);
    if (digits === undefined || length <= digits.length) break;
    const text = Buffer.from(bytes.subarray(at + digits.length, at + length - 1)).toString('utf8');
    const equals = text.indexOf('=');
    records.set(text.slice(0, equals), text.slice(equals + 1));
    at += length;
  }
  return records;
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = textOf(header.subarray(257, 263)) === 'ustar'; // GNU's has a space there, and other things in place of the prefix
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
  return prefix ? `${prefix}/${name}` : name;
}

/**
 * The files of an archive, in their order; folders, links and devices are passed over.
 * @throws UsageError where it is no tar archive, damaged, or cut off.
 */
export async function* tarEntries(
  file: ByteFile,
  read: (offset: number, length: number) => Promise<Uint8Array> = windowed(file),
): AsyncGenerator<TarEntry> {
  const refuse = (what: string) => new UsageError(`${file.name}: ${what}; fetch the archive again`);
  let longName: string | undefined;
  let longSize: number | undefined;
  for (let at = 0; ;) {
    if (at + block > file.size)
      throw refuse(`the archive is cut off: it ends at byte ${file.size}, without an end mark`);
    const header = await read(at, block);
    if (header.every((byte) => byte === 0)) return;
    if (!checksumHolds(header)) throw refuse(`no header of a tar archive at byte ${at}`);
    const type = String.fromCharCode(header[156]!);
    const name = longName ?? nameOf(header);
    const size = longSize ?? numberOf(header.subarray(124, 136));
    const offset = at + block;
    if (!Number.isSafeInteger(size) || size < 0 || offset + size > file.size)
      throw refuse(`the archive is cut off or damaged: '${name}' of ${size} bytes reaches beyond its end`);
    at = offset + Math.ceil(size / block) * block;
    if (type === 'L' || type === 'x') {
      if (size > longestName) throw refuse(`a name of ${size} bytes at byte ${offset}`);
      const content = await read(offset, size);
      const records = type === 'x' ? paxRecords(content) : undefined;
      longName = records ? (records.get('path') ?? longName) : textOf(content);
      if (records?.has('size')) longSize = Number(records.get('size'));
      continue;
    }
    if (type === '0' || type === '\0' || type === '7') yield { name, offset, size };
    longName = longSize = undefined;
  }
}
