// safetensors: names, dtypes, shapes and bytes; strict in what it accepts, atomic in what it writes. No torch here.
// The format: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes without holes.
import { UsageError } from '../util/errors.js';
import { writeAll, writeFileAtomic } from '../util/files.js';
import { OpenFile } from './openFile.js';
import {
  bytesOf,
  elementSizes,
  type RawTensor,
  type SafetensorsType,
  sourceBytes,
  type TensorSource,
  type WeightsFile,
} from './tensors.js';

/** Where a tensor lies in the data part of a file. */
export interface TensorEntry {
  dtype: SafetensorsType;
  shape: readonly number[];
  begin: number;
  end: number;
}

/** What a file says it holds. */
export interface SafetensorsHeader {
  metadata: Record<string, string>;
  tensors: Map<string, TensorEntry>;
  /** Offset of the data part in the file. */
  dataStart: number;
}

const longestHeader = 100_000_000;

function refuse(path: string, what: string): never {
  throw new UsageError(`${path}: not a whole safetensors file: ${what}; fetch or write it again`);
}

/** JSON.parse keeps the last of two equal keys, and two readers could then see two different files: refuse them. */
function refuseDuplicateKeys(path: string, text: string): void {
  const keys: (Set<string> | undefined)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '{' || c === '[') {
      keys.push(c === '{' ? new Set() : undefined);
      expectKey = c === '{';
    } else if (c === '}' || c === ']') {
      keys.pop();
      expectKey = false;
    } else if (c === ',') expectKey = keys.at(-1) !== undefined;
    else if (c === ':') expectKey = false;
    else if (c === '"') {
      let end = i + 1;
      while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
      const known = keys.at(-1);
      if (expectKey && known) {
        const key = JSON.parse(text.slice(i, end + 1)) as string;
        if (known.has(key)) refuse(path, `the header names '${key}' twice`);
        known.add(key);
      }
      i = end;
    }
  }
}

function readEntry(path: string, name: string, value: unknown): TensorEntry {
  const entry = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown } | null;
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  if (typeof dtype !== 'string' || !Object.hasOwn(elementSizes, dtype))
    refuse(path, `tensor '${name}' has the unknown dtype ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) refuse(path, `tensor '${name}' has a malformed shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    refuse(path, `tensor '${name}' has malformed offsets`);
  const type = dtype as SafetensorsType;
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product: bigint, size) => product * BigInt(size), BigInt(elementSizes[type]));
  if (BigInt(end) - BigInt(begin) !== bytes)
    refuse(
      path,
      `tensor '${name}' of shape [${shape.join(', ')}] needs ${bytes} bytes, its offsets give ${end - begin}`,
    );
  return { dtype: type, shape, begin, end };
}

function parseHeader(path: string, text: string, dataStart: number, dataBytes: number): SafetensorsHeader {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    refuse(path, 'its header is not JSON');
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    refuse(path, 'its header is not an object');
  refuseDuplicateKeys(path, text);
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
  const odd = /\d+[.eE][\d+-]+|-\d+/.exec(outsideStrings)?.[0];
  if (odd !== undefined) refuse(path, `the header holds ${odd} where only whole numbers may stand`);
  const { __metadata__: metadata = {}, ...entries } = parsed as Record<string, unknown>;
  if (
    metadata === null ||
    typeof metadata !== 'object' ||
    Array.isArray(metadata) ||
    Object.values(metadata).some((one) => typeof one !== 'string')
  )
    refuse(path, 'its metadata is not an object of strings');
  const tensors = new Map(Object.entries(entries).map(([name, value]) => [name, readEntry(path, name, value)]));
  let position = 0;
  for (const [name, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position)
      refuse(path, `tensor '${name}' begins at ${begin}, ${begin < position ? 'inside another' : 'after a hole'}`);
    position = end;
  }
  if (position !== dataBytes) refuse(path, `expected ${position} bytes of tensors, found ${dataBytes} (truncated?)`);
  return { metadata: metadata as Record<string, string>, tensors, dataStart };
}

/** An open file whose tensors are read one at a time. Close it, or use `using`. */
export class SafetensorsFile implements WeightsFile {
  readonly header: SafetensorsHeader;
  readonly #file: OpenFile;

  constructor(readonly path: string) {
    this.#file = new OpenFile(path);
    try {
      this.header = this.#readHeader();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get metadata(): Record<string, string> {
    return this.header.metadata;
  }
  get tensors(): ReadonlyMap<string, TensorEntry> {
    return this.header.tensors;
  }

  #readHeader(): SafetensorsHeader {
    const { path, size } = this.#file;
    const prefix = Buffer.alloc(8);
    if (size < 8 || !this.#file.readInto(prefix, 0)) refuse(path, `it has only ${size} bytes`);
    const length = prefix.readBigUInt64LE();
    if (length > BigInt(longestHeader)) refuse(path, `its header would have ${length} bytes`);
    if (length > BigInt(size - 8))
      refuse(path, `its header should have ${length} bytes, the file ends before (truncated?)`);
    const bytes = Buffer.alloc(Number(length));
    this.#file.readInto(bytes, 8);
    let text = '';
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      refuse(path, 'its header is not UTF-8');
    }
    if (!text.startsWith('{')) refuse(path, "its header does not begin with '{'");
    return parseHeader(path, text, 8 + bytes.length, size - 8 - bytes.length);
  }

  #entry(name: string): TensorEntry {
    const entry = this.header.tensors.get(name);
    if (!entry) throw new UsageError(`${this.path}: there is no tensor '${name}'`);
    return entry;
  }

  /** `length` bytes of one tensor from byte `begin` of it on, while the program goes on. */
  async readPart(name: string, begin: number, length: number): Promise<Uint8Array> {
    const entry = this.#entry(name);
    const bytes = new Uint8Array(length);
    if (!(await this.#file.readLater(bytes, this.header.dataStart + entry.begin + begin)))
      refuse(this.path, 'it ends early');
    return bytes;
  }

  /** The bytes of one tensor. */
  read(name: string): RawTensor {
    const entry = this.#entry(name);
    const bytes = new Uint8Array(entry.end - entry.begin);
    if (!this.#file.readInto(bytes, this.header.dataStart + entry.begin)) refuse(this.path, 'it ends early');
    return { dtype: entry.dtype, shape: entry.shape, bytes };
  }

  close(): void {
    this.#file.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Reads a whole file. */
export function readSafetensors(path: string): { metadata: Record<string, string>; tensors: Map<string, RawTensor> } {
  using file = new SafetensorsFile(path);
  const tensors = new Map(Array.from(file.header.tensors.keys(), (name) => [name, file.read(name)]));
  return { metadata: file.header.metadata, tensors };
}

/**
 * Writes a file whole or not at all. Wide elements come first, as in the official writer, so that every tensor is aligned for readers that map the
 * file; else the order given is kept, and the same content gives the same bytes.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorSource>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const ordered = [...tensors].sort(([, a], [, b]) => elementSizes[b.dtype] - elementSizes[a.dtype]);
  const entries: [string, unknown][] = Object.keys(metadata).length ? [['__metadata__', metadata]] : [];
  let position = 0;
  for (const [name, source] of ordered) {
    if (name === '__metadata__') throw new Error('internal: a tensor cannot be named __metadata__');
    const begin = position;
    position += sourceBytes(source);
    entries.push([name, { dtype: source.dtype, shape: source.shape, data_offsets: [begin, position] }]);
  }
  const text = Buffer.from(
    `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
  );
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileAtomic(path, (descriptor) => {
    writeAll(descriptor, length);
    writeAll(descriptor, padded);
    for (const [name, source] of ordered) writeAll(descriptor, bytesOf(name, source));
  });
}
