// A file open for reading at given places: the readers of tensors never hold a whole one.
import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';

const readLater = promisify(read);

/** A file open for positional reads. Close it, or use `using`. */
export class OpenFile {
  readonly size: number;
  readonly #descriptor: number;

  constructor(readonly path: string) {
    this.#descriptor = explainIo(path, () => openSync(path, 'r'));
    const stat = fstatSync(this.#descriptor);
    this.size = stat.size;
    if (stat.isFile()) return;
    this.close();
    throw new UsageError(`${path}: a file was expected`);
  }

  /** Fills `bytes` from a place of the file; false where the file ends before. */
  readInto(bytes: Uint8Array, position: number): boolean {
    return explainIo(this.path, () => {
      for (let done = 0; done < bytes.byteLength;) {
        const most = Math.min(bytes.byteLength - done, 1 << 30);
        const read = readSync(this.#descriptor, bytes, done, most, position + done);
        if (read === 0) return false;
        done += read;
      }
      return true;
    });
  }

  /** As `readInto`, while the program goes on. */
  async readLater(bytes: Uint8Array, position: number): Promise<boolean> {
    try {
      for (let done = 0; done < bytes.byteLength;) {
        const { bytesRead } = await readLater(this.#descriptor, bytes, done, bytes.byteLength - done, position + done);
        if (bytesRead === 0) return false;
        done += bytesRead;
      }
      return true;
    } catch (error) {
      return explainIo(this.path, () => {
        throw error;
      });
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
