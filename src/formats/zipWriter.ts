// The parts of a zip file that stand around stored (not compressed) entries, of any size: ZIP64 where 32 bits do not suffice.
// The caller writes local header, data, …, central directory. The bytes are those that Python's zipfile gives numpy.savez.

/** One entry of a zip file. */
export interface ZipEntry {
  /** ASCII. */
  name: string;
  bytes: number;
  /** CRC-32 of the data. */
  crc: number;
  /** Where the local header lies in the file. */
  offset: number;
}

const most = 0xffffffff; // says that the number stands in the ZIP64 field
const [dosTime, dosDate] = [0, 0x21]; // midnight of 1 January 1980: the same content gives the same bytes
const zip64Version = 45;
const madeByUnix = 3 << 8;
const mode = 0o600 * 2 ** 16;

/** Little-endian whole numbers one after the other: each as its number of bytes and its value. */
function pack(...fields: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([size, value]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes.subarray(0, size);
    }),
  );
}

const zip64Field = (...values: readonly number[]): Buffer =>
  pack([2, 1], [2, 8 * values.length], ...values.map((value) => [8, value] as const));

/** Where the CRC stands in a local header. */
export const zipCrcField = { start: 14, end: 18 } as const;

/**
 * What stands before an entry's data. Its length depends on the name and the padding alone: it can be written anew when the CRC is known.
 * @param padding another extra field, which moves the data to a place of the caller's choice
 */
export function zipLocalHeader(
  { name, bytes, crc }: Omit<ZipEntry, 'offset'>,
  padding: Buffer = Buffer.alloc(0),
): Buffer {
  const extra = Buffer.concat([zip64Field(bytes, bytes), padding]);
  return Buffer.concat([
    pack([4, 0x04034b50], [2, zip64Version], [2, 0], [2, 0], [2, dosTime], [2, dosDate], [4, crc]),
    pack([4, most], [4, most], [2, name.length], [2, extra.length]),
    Buffer.from(name, 'latin1'),
    extra,
  ]);
}

function centralHeader({ name, bytes, crc, offset }: ZipEntry): Buffer {
  const large = [...(bytes >= most ? [bytes, bytes] : []), ...(offset >= most ? [offset] : [])];
  const extra = large.length ? zip64Field(...large) : Buffer.alloc(0);
  const size = Math.min(bytes, most);
  return Buffer.concat([
    pack(
      [4, 0x02014b50],
      [2, madeByUnix | zip64Version],
      [2, zip64Version],
      [2, 0],
      [2, 0],
      [2, dosTime],
      [2, dosDate],
    ),
    pack([4, crc], [4, size], [4, size], [2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, mode]),
    pack([4, Math.min(offset, most)]),
    Buffer.from(name, 'latin1'),
    extra,
  ]);
}

/** What stands after the last entry's data, from `offset` on: where every entry lies. */
export function zipDirectory(entries: readonly ZipEntry[], offset: number): Buffer {
  const headers = Buffer.concat(entries.map(centralHeader));
  const count = entries.length;
  const size = headers.length;
  const zip64 = [
    pack([4, 0x06064b50], [8, 44], [2, zip64Version], [2, zip64Version], [4, 0], [4, 0]),
    pack([8, count], [8, count], [8, size], [8, offset]),
    pack([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]),
  ];
  const shortCount = Math.min(count, 0xffff);
  return Buffer.concat([
    headers,
    ...(offset >= most || count >= 0xffff ? zip64 : []),
    pack([4, 0x06054b50], [2, 0], [2, 0], [2, shortCount], [2, shortCount], [4, size], [4, Math.min(offset, most)], [2, 0]), // prettier-ignore
  ]);
}
