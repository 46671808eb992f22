// The `.npz` that ADM's evaluator reads: all samples as one array `arr_0`, uint8 [N, H, W, 3], as numpy.savez lays it out; over 4 GiB too.
// Images are appended to a file beside it, `NAME.partial`, whose size says how many it holds: an interrupted writing goes on after the last whole one.
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { UsageError } from '../util/errors.js';
import { explainIo, moveIntoPlace, writeAll, writeFileAtomic } from '../util/files.js';
import { encodeNpyHeader, npyBytes } from './npy.js';
import { zipCrcField, zipDirectory, type ZipEntry, zipLocalHeader } from './zipWriter.js';

/** The array of an evaluator's file: how many images, their sides in pixels. */
export interface ImageArrayShape {
  count: number;
  height: number;
  width: number;
}

const name = 'arr_0.npy';

/** Runs `body` with an open file, to be read and written. */
function withFile<T>(path: string, body: (descriptor: number) => T): T {
  return explainIo(path, () => {
    const descriptor = openSync(path, 'r+');
    try {
      return body(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** CRC-32 of what a file holds from `position` on. */
function crcFrom(descriptor: number, position: number): number {
  const buffer = Buffer.allocUnsafe(1 << 22);
  let crc = 0;
  for (let at = position; ;) {
    const read = readSync(descriptor, buffer, 0, buffer.length, at);
    if (read === 0) return crc;
    crc = crc32(buffer.subarray(0, read), crc);
    at += read;
  }
}

/** An evaluator's file in the making. It holds no file open between calls. */
export class NpzImageWriter {
  readonly partial: string;
  readonly #npyHeader: Buffer;
  readonly #imageBytes: number;
  readonly #arrayBytes: number;
  /** Where the first image begins. */
  readonly #start: number;
  #done: number;

  /**
   * Begins a file, or goes on with what was begun.
   * @throws UsageError where what was begun is for another number or size of images.
   */
  constructor(
    readonly path: string,
    readonly shape: ImageArrayShape,
  ) {
    const { count, height, width } = shape;
    this.partial = `${path}.partial`;
    const array = { type: '|u1', shape: [count, height, width, 3] } as const;
    this.#npyHeader = encodeNpyHeader(array);
    this.#imageBytes = 3 * height * width;
    this.#arrayBytes = npyBytes(array);
    const beginning = this.#beginning(0);
    this.#start = beginning.length;
    if (!existsSync(this.partial)) writeFileAtomic(this.partial, beginning);
    this.#done = Math.min(count, Math.floor((this.#sizeOfBegun(beginning) - this.#start) / this.#imageBytes));
  }

  /** Images that it holds. */
  get done(): number {
    return this.#done;
  }

  /** Adds the next image: RGB bytes in reading order. */
  add(rgb: Uint8Array): void {
    if (rgb.length !== this.#imageBytes || this.#done === this.shape.count)
      throw new Error(`internal: image ${this.#done} of ${this.shape.count} has ${rgb.length} bytes, expected ${this.#imageBytes}`); // prettier-ignore
    withFile(this.partial, (descriptor) => {
      writeAll(descriptor, rgb, this.#start + this.#done * this.#imageBytes);
    });
    this.#done++;
  }

  /** Makes the file whole (it is read once for its CRC) and gives it its name. */
  finish(): void {
    if (this.#done !== this.shape.count)
      throw new Error(`internal: the file has ${this.#done} of ${this.shape.count} images, it is not whole`);
    const end = this.#start + this.#arrayBytes;
    withFile(this.partial, (descriptor) => {
      ftruncateSync(descriptor, end); // a crash in the middle of this left more
      const crc = crcFrom(descriptor, this.#start - this.#npyHeader.length);
      writeAll(descriptor, this.#beginning(crc), 0);
      writeAll(descriptor, zipDirectory([{ ...this.#entry(crc), offset: 0 }], end), end);
      fsyncSync(descriptor);
    });
    explainIo(this.path, () => {
      moveIntoPlace(this.partial, this.path);
    });
  }

  #entry(crc: number): Omit<ZipEntry, 'offset'> {
    return { name, bytes: this.#npyHeader.length + this.#arrayBytes, crc };
  }

  /** All that stands before the first image. */
  #beginning(crc: number): Buffer {
    return Buffer.concat([zipLocalHeader(this.#entry(crc)), this.#npyHeader]);
  }

  /** The size of what was begun, which must begin as this file would. */
  #sizeOfBegun(beginning: Buffer): number {
    return withFile(this.partial, (descriptor) => {
      const found = Buffer.alloc(beginning.length);
      readSync(descriptor, found, 0, found.length, 0);
      beginning.copy(found, zipCrcField.start, zipCrcField.start, zipCrcField.end); // finishing may have begun
      if (found.equals(beginning)) return fstatSync(descriptor).size;
      const { count, height, width } = this.shape;
      throw new UsageError(
        `${this.partial}: it is not the beginning of a file of ${count} images of ${width} × ${height}; remove it, or choose another file`,
      );
    });
  }
}
