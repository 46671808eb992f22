// Reading `.npz`: NumPy arrays in a zip file, stored (numpy.savez) or deflated (savez_compressed), whole or row by row in bounded memory.
import type { Entry } from 'yauzl';
import { UsageError } from '../util/errors.js';
import { npyBytes, type NpyHeader, npyHeaderLength, parseNpyHeader } from './npy.js';
import { ZipReader } from './zipReader.js';

/** One array: row-major little-endian bytes, alone in their buffer, so that any typed array may be laid over them. */
export interface NpyArray extends NpyHeader {
  bytes: Uint8Array;
}

const mostAtOnce = 2 ** 30; // bytes: a small file can promise any number

/** Cuts data into blocks of `size` bytes, `total` in all; the last one may be shorter. */
async function* blocks(pieces: AsyncIterable<Buffer>, size: number, total: number): AsyncGenerator<Uint8Array> {
  let left = total;
  let block = new Uint8Array(Math.min(size, left));
  let filled = 0;
  for await (const piece of pieces)
    for (let at = 0; at < piece.length;) {
      const count = Math.min(piece.length - at, block.length - filled);
      block.set(piece.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled < block.length) continue;
      yield block;
      left -= filled;
      filled = 0;
      block = new Uint8Array(Math.min(size, left));
    }
}

async function* chain(first: Buffer, others: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* others;
}

/** An array's header, and its data: the rest of the piece that the header ended in, then the other pieces. */
async function openArray(
  zip: ZipReader,
  entry: Entry,
): Promise<{ header: NpyHeader; rest: Buffer; pieces: AsyncGenerator<Buffer> }> {
  const where = `${zip.path}: ${entry.fileName}`;
  const pieces = zip.read(entry);
  let bytes = Buffer.alloc(0);
  for (;;) {
    const length = npyHeaderLength(where, bytes);
    if (length !== undefined && bytes.length >= length) {
      const header = parseNpyHeader(where, bytes.subarray(0, length));
      const [expected, found] = [npyBytes(header), entry.uncompressedSize - length];
      if (expected !== found)
        throw new UsageError(`${where}: an array of shape (${header.shape.join(', ')}) needs ${expected} bytes, it has ${found}; fetch or write it again`); // prettier-ignore
      return { header, rest: bytes.subarray(length), pieces };
    }
    const next = (await pieces.next()) as IteratorResult<Buffer, undefined>;
    if (next.done) throw new UsageError(`${where}: it ends within the array's header; fetch or write it again`);
    bytes = Buffer.concat([bytes, next.value]);
  }
}

/** An open `.npz` whose arrays are read one at a time. Close it, or use `using`. */
export class NpzFile {
  private constructor(
    private readonly zip: ZipReader,
    /** What each array is, by name (`arr_0` where numpy.savez was given none). */
    readonly arrays: ReadonlyMap<string, NpyHeader>,
  ) {}

  /** @throws UsageError where it is no whole `.npz` of plain numbers. */
  static async open(path: string): Promise<NpzFile> {
    const zip = await ZipReader.open(path);
    try {
      const arrays = new Map<string, NpyHeader>();
      for (const [file, entry] of zip.entries) {
        if (!file.endsWith('.npy')) throw new UsageError(`${path}: expected arrays (.npy) only, found '${file}'`);
        const { header, pieces } = await openArray(zip, entry);
        await pieces.return(undefined);
        arrays.set(file.slice(0, -'.npy'.length), header);
      }
      return new NpzFile(zip, arrays);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  /** A whole array, of at most 1 GiB. */
  async read(name: string): Promise<NpyArray> {
    const header = this.#header(name);
    let bytes: Uint8Array = new Uint8Array(0);
    for await (const block of this.#blocks(name, npyBytes(header))) bytes = block; // one; after it the CRC is checked
    return { ...header, bytes };
  }

  /** An array in blocks of `atOnce` rows (members of its first axis), at most 1 GiB each; the last block may have fewer. */
  async *rows(name: string, atOnce = 1): AsyncGenerator<Uint8Array> {
    const { type, shape } = this.#header(name);
    if (!(Number.isInteger(atOnce) && atOnce > 0)) throw new RangeError(`rows: expected at least one, got ${atOnce}`);
    yield* this.#blocks(name, npyBytes({ type, shape: [atOnce, ...shape.slice(1)] }));
  }

  #header(name: string): NpyHeader {
    const header = this.arrays.get(name);
    if (header) return header;
    throw new UsageError(
      `${this.zip.path}: there is no array '${name}'; it holds ${[...this.arrays.keys()].join(', ')}`,
    );
  }

  async *#blocks(name: string, size: number): AsyncGenerator<Uint8Array> {
    const total = npyBytes(this.#header(name));
    const most = Math.min(size, total);
    if (most > mostAtOnce)
      throw new UsageError(`${this.zip.path}: '${name}' would take ${most} bytes of memory at once; read it by rows`);
    if (total === 0) return;
    const { rest, pieces } = await openArray(this.zip, this.zip.entries.get(`${name}.npy`)!);
    try {
      yield* blocks(chain(rest, pieces), size, total);
    } finally {
      await pieces.return(undefined);
    }
  }

  close(): void {
    this.zip.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
