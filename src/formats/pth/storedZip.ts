// The table of contents of a zip archive whose entries are stored, not compressed: where in the file each one's bytes lie. Zip64 is known.
// An own reader beside that of .npz files, which is yauzl's: that one reads through callbacks and forgives. Here all reading is synchronous, tensors are
// found by their place, and what two readers could understand differently (names given twice, entries that overlap, headers that contradict each
// other) must be refused.
import type { OpenFile } from '../openFile.js';
import { quoted, type Refuse } from '../pickle/index.js';

const mostEntries = 100_000;
const largestDirectory = 64 << 20;
const endBytes = 22;
const end64Bytes = 56;
const locatorBytes = 20;
const centralBytes = 46;
const localBytes = 30;
const none16 = 0xffff;
const none32 = 0xffffffff;

/** A stored file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Where its bytes begin in the archive. */
  readonly begin: number;
  readonly size: number;
  readonly crc: number;
}

interface CentralEntry extends Omit<ZipEntry, 'begin'> {
  header: number;
  flags: number;
}

/** Where the central directory lies. */
interface Directory {
  entries: number;
  begin: number;
  size: number;
}

/** Reads what an archive holds, in the order of the bytes. */
export class StoredZip {
  constructor(
    private readonly file: OpenFile,
    private readonly refuse: Refuse,
  ) {}

  /** Every file by its name; folders have no entry. */
  entries(): Map<string, ZipEntry> {
    const directory = this.#directory();
    const central = this.#centralEntries(directory).sort((a, b) => a.header - b.header);
    const found = new Map<string, ZipEntry>();
    let end = 0;
    for (const entry of central) {
      if (entry.header < end) this.refuse(`its entry ${quoted(entry.name)} overlaps another`);
      const begin = this.#dataBegin(entry);
      end = begin + entry.size;
      if (end > directory.begin) this.refuse(`its entry ${quoted(entry.name)} reaches beyond the archive's files`);
      if (found.has(entry.name)) this.refuse(`it has two entries ${quoted(entry.name)}`);
      found.set(entry.name, { name: entry.name, begin, size: entry.size, crc: entry.crc });
    }
    for (const name of found.keys()) if (name.endsWith('/')) found.delete(name);
    return found;
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (position < 0 || position + length > this.file.size || !this.file.readInto(bytes, position))
      return this.refuse('it ends early (truncated?)');
    return bytes;
  }

  #number(value: bigint): number {
    return value <= BigInt(this.file.size) ? Number(value) : this.refuse(`it speaks of ${value} bytes and is shorter`);
  }

  #directory(): Directory {
    const at = this.file.size - endBytes;
    const end = this.#read(at, endBytes);
    if (end.readUInt32LE() !== 0x06054b50 || end.readUInt16LE(20) !== 0)
      this.refuse('the end of a zip archive is not where it should be (truncated?)');
    const [disk, first, here, entries] = [4, 6, 8, 10].map((offset) => end.readUInt16LE(offset)) as [number, number, number, number]; // prettier-ignore
    const [size, begin] = [end.readUInt32LE(12), end.readUInt32LE(16)];
    const wide = this.#directory64(at);
    const sole = [disk, first].every((number) => number === 0 || (wide && number === none16)) && here === entries;
    if (!sole) this.refuse('it is one of several volumes');
    const agrees = (narrow: number, none: number, full: number) => narrow === full || (wide && narrow === none);
    const directory = wide ?? { entries, size, begin };
    if (
      !agrees(entries, none16, directory.entries) ||
      !agrees(size, none32, directory.size) ||
      !agrees(begin, none32, directory.begin)
    )
      // prettier-ignore
      this.refuse('its two ends contradict each other');
    if (directory.begin + directory.size !== (wide ? wide.end : at))
      this.refuse('its central directory is not where it should be');
    if (directory.entries > mostEntries || directory.size > largestDirectory)
      this.refuse(`it has ${directory.entries} entries, at most ${mostEntries} are read`);
    return directory;
  }

  /** The zip64 end of the archive, where there is one before the plain one. */
  #directory64(endAt: number): (Directory & { end: number }) | undefined {
    const at = endAt - locatorBytes;
    if (at < 0) return undefined;
    const locator = this.#read(at, locatorBytes);
    if (locator.readUInt32LE() !== 0x07064b50) return undefined;
    const end = this.#number(locator.readBigUInt64LE(8));
    const record = this.#read(end, end64Bytes);
    const plain = record.readUInt32LE() === 0x06064b50 && end + end64Bytes === at;
    if (!plain || record.readBigUInt64LE(4) !== BigInt(end64Bytes - 12)) this.refuse('its zip64 end is malformed');
    const disks = [locator.readUInt32LE(4), record.readUInt32LE(16), record.readUInt32LE(20)];
    if (disks.some((disk) => disk !== 0) || locator.readUInt32LE(16) > 1) this.refuse('it is one of several volumes');
    const [here, entries, size, begin] = [24, 32, 40, 48].map((offset) =>
      this.#number(record.readBigUInt64LE(offset)),
    ) as [number, number, number, number];
    if (here !== entries) this.refuse('it is one of several volumes');
    return { entries, size, begin, end };
  }

  #centralEntries({ entries, begin, size }: Directory): CentralEntry[] {
    const bytes = this.#read(begin, size);
    const found: CentralEntry[] = [];
    let at = 0;
    for (let i = 0; i < entries; i++) {
      if (at + centralBytes > size || bytes.readUInt32LE(at) !== 0x02014b50)
        this.refuse(`entry ${i} of its central directory is malformed`);
      const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [number, number, number]; // prettier-ignore
      const end = at + centralBytes + nameBytes + extraBytes + commentBytes;
      if (end > size) this.refuse(`entry ${i} of its central directory is malformed`);
      const name = this.#name(bytes.subarray(at + centralBytes, at + centralBytes + nameBytes));
      const extra = bytes.subarray(at + centralBytes + nameBytes, end - commentBytes);
      found.push(this.#centralEntry(name, bytes.subarray(at, at + centralBytes), extra));
      at = end;
    }
    if (at !== size) this.refuse('its central directory has bytes after its last entry');
    return found;
  }

  #name(bytes: Buffer): string {
    const name = bytes.toString('utf8');
    const parts = name.replace(/\/$/, '').split('/');
    const plain =
      /^(?![A-Za-z]:)[^\p{Cc}\\\ufffd]+$/u.test(name) &&
      parts.every((part) => part !== '' && part !== '.' && part !== '..');
    if (!plain) this.refuse(`its entry ${quoted(name)} has a name that leads elsewhere`);
    return name;
  }

  #centralEntry(name: string, header: Buffer, extra: Buffer): CentralEntry {
    const [flags, method] = [header.readUInt16LE(8), header.readUInt16LE(10)];
    const complain = (what: string) => this.refuse(`its entry ${quoted(name)} ${what}`);
    if (flags & 0x2061) complain('is encrypted');
    if (method !== 0) complain(`is compressed (method ${method}), in files of torch.save all are stored`);
    const kind = header.readUInt32LE(38) >>> 28; // the file type of Unix
    if (kind !== 0 && kind !== (name.endsWith('/') ? 4 : 8)) complain('is a link or another special file');
    const wide = this.#wideFields(header, extra, complain);
    if (wide.compressed !== wide.size) complain(`has ${wide.compressed} bytes stored and ${wide.size} in all`);
    if (wide.disk !== 0) complain('lies on another volume');
    if (name.endsWith('/') && wide.size !== 0) complain('is a folder with content');
    return { name, header: wide.header, size: wide.size, flags, crc: header.readUInt32LE(16) };
  }

  /** Sizes and place of an entry, of which the zip64 field holds those that the header has no room for. */
  #wideFields(header: Buffer, extra: Buffer, complain: (what: string) => never) {
    let field: Buffer | undefined;
    for (let at = 0; at < extra.length;) {
      const length = at + 4 <= extra.length ? extra.readUInt16LE(at + 2) : extra.length;
      if (at + 4 + length > extra.length) complain('has malformed extra fields');
      if (extra.readUInt16LE(at) === 1 && field) complain('has two zip64 fields');
      if (extra.readUInt16LE(at) === 1) field = extra.subarray(at + 4, at + 4 + length);
      at += 4 + length;
    }
    let used = 0;
    const wide = (narrow: number, none: number, width: 4 | 8) => {
      if (narrow !== none) return narrow;
      if (!field || used + width > field.length) return complain('lacks its zip64 sizes');
      used += width;
      return width === 4 ? field.readUInt32LE(used - 4) : this.#number(field.readBigUInt64LE(used - 8));
    };
    const size = wide(header.readUInt32LE(24), none32, 8);
    const compressed = wide(header.readUInt32LE(20), none32, 8);
    return { size, compressed, header: wide(header.readUInt32LE(42), none32, 8), disk: wide(header.readUInt16LE(34), none16, 4) }; // prettier-ignore
  }

  /** Where an entry's bytes begin; its local header must say what the central directory says, or leave it to that. */
  #dataBegin(entry: CentralEntry): number {
    const header = this.#read(entry.header, localBytes);
    const [nameBytes, extraBytes] = [header.readUInt16LE(26), header.readUInt16LE(28)];
    const name = this.#read(entry.header + localBytes, nameBytes).toString('utf8');
    const later = (entry.flags & 8) !== 0; // sizes and checksum follow the bytes
    const [crc, ...sizes] = [14, 18, 22].map((offset) => header.readUInt32LE(offset)) as [number, number, number];
    const agrees =
      header.readUInt32LE() === 0x04034b50 &&
      header.readUInt16LE(6) === entry.flags &&
      header.readUInt16LE(8) === 0 &&
      name === entry.name &&
      (crc === entry.crc || (later && crc === 0)) &&
      sizes.every((size) => size === entry.size || size === none32 || (later && size === 0));
    if (!agrees) this.refuse(`its entry ${quoted(entry.name)} is described in two ways`);
    return entry.header + localBytes + nameBytes + extraBytes;
  }
}
