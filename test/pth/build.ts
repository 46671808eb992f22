// Builds PyTorch files by hand, right or wrong in any way: pickles as latin1 text, operation by operation, and zip archives field by field.
import { crc32 } from 'node:zlib';

/** BINUNICODE */
export const text = (value: string): string => {
  const bytes = Buffer.from(value).toString('latin1');
  return `X${uint(bytes.length, 4)}${bytes}`;
};

/** A little-endian integer. */
export function uint(value: number | bigint, width: 1 | 2 | 4 | 8): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes.subarray(0, width).toString('latin1');
}

/** LONG1 of eight bytes. */
export const integer = (value: number | bigint): string => `\x8a\x08${uint(value, 8)}`;
export const tuple = (...items: string[]): string => `(${items.join('')}t`;
export const list = (...items: string[]): string => `](${items.join('')}e`;
export const dict = (entries: Record<string, string>): string =>
  `}(${Object.entries(entries)
    .map(([key, value]) => text(key) + value)
    .join('')}u`;
export const global = (module: string, name: string): string => `c${module}\n${name}\n`;
export const call = (module: string, name: string, ...args: string[]): string =>
  `${global(module, name)}${tuple(...args)}R`;
/** A whole pickle of protocol 2. */
export const pickle = (body: string): string => `\x80\x02${body}.`;

/** What a tensor's pickle says; each part can be replaced by one that lies. */
export interface TensorText {
  kind?: string;
  key?: string;
  type?: string;
  count?: number | bigint;
  storage?: string;
  offset?: string;
  size?: string;
  stride?: string;
  more?: string[];
  /** Arguments after the storage type, key, place and count. */
  view?: string[];
}

export const storageText = ({
  kind = 'storage',
  key = '0',
  type = 'FloatStorage',
  count = 4,
  view = [],
}: TensorText): string =>
  `${tuple(text(kind), type.startsWith('c') ? type : global('torch', type), text(key), text('cpu'), integer(count), ...view)}Q`;

/** Four floats, unless it says otherwise. */
export const tensorText = (parts: TensorText = {}): string =>
  call(
    'torch._utils',
    '_rebuild_tensor_v2',
    parts.storage ?? storageText(parts),
    parts.offset ?? integer(0),
    parts.size ?? tuple(integer(4)),
    parts.stride ?? tuple(integer(1)),
    '\x89',
    call('collections', 'OrderedDict'),
    ...(parts.more ?? []),
  );

/** One entry of a zip archive. What is not given is right. */
export interface RawEntry {
  name: string;
  data: string | Buffer;
  flags?: number;
  method?: number;
  crc?: number;
  size?: number;
  packed?: number;
  kind?: number;
  disk?: number;
  offset?: number;
  extra?: string;
  localName?: string;
  localFlags?: number;
  localMethod?: number;
  localSize?: number;
  localCrc?: number;
  /** Whether the central directory has it, and whether there is a local header. */
  listed?: boolean;
  present?: boolean;
}

/** The ends of an archive. What is not given is right. */
export interface ZipEnd {
  disk?: number;
  firstDisk?: number;
  here?: number;
  count?: number;
  size?: number;
  begin?: number;
  comment?: string;
  /** The zip64 end: present where this is given. */
  wide?: { count?: bigint; here?: bigint; size?: bigint; begin?: bigint; at?: bigint; record?: bigint; disks?: number };
  before?: string;
  between?: string;
  after?: string;
}

const latin1 = (value: string) => Buffer.from(value, 'latin1');

function localHeader(entry: RawEntry, data: Buffer): Buffer {
  const name = latin1(entry.localName ?? entry.name);
  const size = entry.localSize ?? entry.size ?? data.length;
  return latin1(
    `PK\x03\x04${uint(20, 2)}${uint(entry.localFlags ?? entry.flags ?? 0, 2)}${uint(entry.localMethod ?? entry.method ?? 0, 2)}` +
      `${uint(0, 4)}${uint(entry.localCrc ?? entry.crc ?? crc32(data), 4)}${uint(size, 4)}${uint(size, 4)}` +
      `${uint(name.length, 2)}${uint(0, 2)}${name.toString('latin1')}`,
  );
}

function centralHeader(entry: RawEntry, data: Buffer, offset: number): Buffer {
  const [name, extra] = [latin1(entry.name), entry.extra ?? ''];
  return latin1(
    `PK\x01\x02${uint(20, 2)}${uint(20, 2)}${uint(entry.flags ?? 0, 2)}${uint(entry.method ?? 0, 2)}${uint(0, 4)}` +
      `${uint(entry.crc ?? crc32(data), 4)}${uint(entry.packed ?? data.length, 4)}${uint(entry.size ?? data.length, 4)}` +
      `${uint(name.length, 2)}${uint(extra.length, 2)}${uint(0, 2)}${uint(entry.disk ?? 0, 2)}${uint(0, 2)}` +
      `${uint((entry.kind ?? 0) * 2 ** 28, 4)}${uint(entry.offset ?? offset, 4)}${name.toString('latin1')}${extra}`,
  );
}

/** An archive of these entries. */
export function zip(entries: readonly RawEntry[], end: ZipEnd = {}): Buffer {
  const parts: Buffer[] = [latin1(end.before ?? '')];
  const length = () => parts.reduce((sum, part) => sum + part.length, 0);
  const central: Buffer[] = [];
  for (const entry of entries) {
    const data = typeof entry.data === 'string' ? latin1(entry.data) : entry.data;
    if (entry.listed !== false) central.push(centralHeader(entry, data, length()));
    if (entry.present !== false) parts.push(localHeader(entry, data), data);
  }
  const [begin, size] = [length(), central.reduce((sum, part) => sum + part.length, 0)];
  parts.push(...central, latin1(end.between ?? ''));
  const [count, { wide }] = [central.length, end];
  if (wide) {
    const at = length();
    parts.push(
      latin1(
        `PK\x06\x06${uint(wide.record ?? 44, 8)}${uint(45, 2)}${uint(45, 2)}${uint(wide.disks ?? 0, 4)}${uint(0, 4)}` +
          `${uint(wide.here ?? count, 8)}${uint(wide.count ?? count, 8)}${uint(wide.size ?? size, 8)}${uint(wide.begin ?? begin, 8)}` +
          `PK\x06\x07${uint(0, 4)}${uint(wide.at ?? at, 8)}${uint(1, 4)}`,
      ),
    );
  }
  const comment = end.comment ?? '';
  const counts = uint(end.here ?? end.count ?? count, 2) + uint(end.count ?? count, 2);
  parts.push(
    latin1(
      `PK\x05\x06${uint(end.disk ?? 0, 2)}${uint(end.firstDisk ?? 0, 2)}${counts}${uint(end.size ?? size, 4)}` +
        `${uint(end.begin ?? begin, 4)}${uint(comment.length, 2)}${comment}${end.after ?? ''}`,
    ),
  );
  return Buffer.concat(parts);
}

/** The entries of a file of torch.save; `data/0` has 16 bytes. */
export const archiveEntries = (
  body: string,
  storages: Record<string, string | Buffer> = { 0: Buffer.alloc(16) },
): RawEntry[] => [
  { name: 'archive/data.pkl', data: body },
  { name: 'archive/byteorder', data: 'little' },
  ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
  { name: 'archive/version', data: '3\n' },
];

/** A file of torch.save in the zip format around a pickle. */
export const archive = (body: string, storages?: Record<string, string | Buffer>): Buffer =>
  zip(archiveEntries(body, storages));

/** A file in the legacy format; each of its parts can be replaced. */
export function legacy(parts: {
  magic?: string;
  protocol?: string;
  machine?: string;
  object?: string;
  keys?: string;
  storages?: string;
}): Buffer {
  return latin1(
    [
      parts.magic ?? pickle('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19'),
      parts.protocol ?? pickle('M\xe9\x03'),
      parts.machine ?? pickle(dict({ little_endian: '\x88' })),
      parts.object ?? pickle(dict({ w: tensorText({ view: ['N'] }) })),
      parts.keys ?? pickle(list(text('0'))),
      parts.storages ?? uint(4, 8) + '\0'.repeat(16),
    ].join(''),
  );
}
