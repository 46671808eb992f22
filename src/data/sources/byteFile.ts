// Bytes out of the middle of a file, whether it lies on a disk or behind http(s).
import { open, stat } from 'node:fs/promises';
import { UsageError } from '../../util/errors.js';
import { openRemote } from './remoteFile.js';

/** A file that is read in pieces. */
export interface ByteFile {
  name: string;
  size: number;
  /** Another one where the content may be another. */
  version: string;
  /** Exactly these bytes. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Whether a name is a URL that can be read. */
export const isUrl = (name: string): boolean => /^https?:\/\//i.test(name);

/** Opens a file of a disk. */
export async function openLocal(path: string): Promise<ByteFile> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) throw new UsageError(`${path}: ${facts ? 'it is no file' : 'no such file'}`);
  const handle = await open(path, 'r');
  return {
    name: path,
    size: facts.size,
    version: `${facts.mtimeMs}`,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0)
          throw new UsageError(`${path}: the file ends at byte ${offset + done}; was it cut off? fetch it again`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/**
 * Opens a file or URL. Of a server that gives whole files only, the file is fetched into the cache once.
 * @throws UsageError where it cannot be read.
 */
export function openByteFile(name: string): Promise<ByteFile> {
  return isUrl(name) ? openRemote(name) : openLocal(name);
}
