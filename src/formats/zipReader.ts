// Zip files entry by entry, stored or deflated, of any size, as streams; nothing is unpacked to the disk. yauzl reads the directory.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';

const mostEntries = 10_000;
const pieceBytes = 1 << 20;

function refuse(path: string, what: string): never {
  throw new UsageError(`${path}: not a whole zip file: ${what}; fetch or write it again`);
}

/** Runs `body`; whatever yauzl or zlib says against the file becomes a UsageError. */
async function explained<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return refuse(path, (error as Error).message.replace(/\.$/, ''));
  }
}

/** Reads where yauzl asks. Its own reader ends the process where a file names a place past 2^53; here that is past the file's end. */
class GuardedReader extends yauzl.RandomAccessReader {
  constructor(
    readonly descriptor: number,
    readonly bytes: number,
  ) {
    super();
  }
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const read = position < this.bytes ? readSync(this.descriptor, buffer, offset, length, position) : 0;
    setImmediate(callback, null, read);
  }
  override close(callback: (error: Error | null) => void): void {
    callback(null); // the descriptor is ZipReader's
  }
}

/** `bytes` bytes of a file from `start` on, in pieces; fewer where it ends before. */
function* slices(descriptor: number, start: number, bytes: number): Generator<Buffer> {
  for (let done = 0; done < bytes;) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, bytes - done));
    const read = readSync(descriptor, piece, 0, piece.length, start + done);
    if (read === 0) return;
    done += read;
    yield piece.subarray(0, read);
  }
}

async function entriesOf(path: string, zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  if (zip.entryCount > mostEntries) refuse(path, `it would have ${zip.entryCount} entries`);
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) refuse(path, `it names '${entry.fileName}' twice`);
    if (!entry.canDecodeFileData()) refuse(path, `'${entry.fileName}' is encrypted, or neither stored nor deflated`);
    entries.set(entry.fileName, entry);
  }
  return entries;
}

/** An open zip file. Close it, or use `using`. */
export class ZipReader {
  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    private readonly zip: ZipFile,
    /** Entries by name. */
    readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @throws UsageError where it is no whole zip file, or holds a name twice, an absolute one or one with `..`. */
  static async open(path: string): Promise<ZipReader> {
    const descriptor = explainIo(path, () => openSync(path, 'r'));
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw new UsageError(`${path}: a file was expected`);
      return await explained(path, async () => {
        const reader = new GuardedReader(descriptor, stat.size);
        const options = { autoClose: false, lazyEntries: true };
        const zip = await yauzl.fromRandomAccessReaderPromise(reader, stat.size, options);
        return new ZipReader(path, descriptor, zip, await entriesOf(path, zip));
      });
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** The data of an entry in pieces; size and CRC are checked at its end. */
  async *read(entry: Entry): AsyncGenerator<Buffer> {
    const stream = await explained(this.path, () => this.#stream(entry));
    const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    try {
      let bytes = 0;
      let crc = 0;
      for (;;) {
        const next = await explained(this.path, () => pieces.next());
        if (next.done) break;
        crc = crc32(next.value, crc);
        bytes += next.value.length;
        if (bytes > entry.uncompressedSize) break;
        yield next.value;
      }
      if (bytes !== entry.uncompressedSize || crc !== entry.crc32)
        refuse(this.path, `the data of '${entry.fileName}' are not those that its size and its CRC tell of`);
    } finally {
      stream.destroy();
    }
  }

  async #stream(entry: Entry): Promise<Readable> {
    const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const raw = Readable.from(slices(this.descriptor, fileDataStart, entry.compressedSize), { objectMode: false });
    if (entry.compressionMethod === 0) return raw;
    return pipeline(raw, createInflateRaw(), () => undefined); // an error is the reader's to see
  }

  close(): void {
    closeSync(this.descriptor);
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
