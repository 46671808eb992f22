// Files that are whole or absent: written aside, synced, renamed; failures of the disk become sentences.
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from './errors.js';

const sentences: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space and run the same command again',
  EDQUOT: 'your disk quota is used up; free some space and run the same command again',
  EACCES: 'permission denied; choose another place or change the permissions',
  EPERM: 'permission denied; choose another place or change the permissions',
  EROFS: 'the file system is read-only; choose another place',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a file stands where a folder was expected',
  EISDIR: 'a folder stands where a file was expected',
  EEXIST: 'a file of that name stands in the way; choose another place',
  EIO: 'the disk reported an input/output error',
};

/** Runs `body`; what the file system refuses becomes a UsageError that names the path. */
export function explainIo<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const sentence = sentences[(error as NodeJS.ErrnoException).code ?? ''];
    if (sentence === undefined) throw error;
    throw new UsageError(`${path}: ${sentence}`, { cause: error });
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes all of it, from `position` on where that is given: short writes go on where they stopped. */
export function writeAll(descriptor: number, data: Uint8Array, position?: number): void {
  const most = 1 << 30;
  for (let done = 0; done < data.byteLength;) {
    const at = position === undefined ? null : position + done;
    done += writeSync(descriptor, data, done, Math.min(most, data.byteLength - done), at);
  }
}

/** Renames what was written aside, and synced, into its place: a crash leaves the old or the new. */
export function moveIntoPlace(aside: string, path: string): void {
  renameSync(aside, path);
  syncFolder(dirname(path));
}

/** Makes a folder and those above it. Node's own `recursive` calls a read-only file system an absent folder. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  explainIo(path, () => {
    makeFolder(dirname(path));
    try {
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was faster
    }
  });
}

/**
 * Writes a file aside, syncs it and renames it over `path`: a reader sees the old content or the new, never half of it.
 * @param options.sync false for what may be lost with the power, and must not wait for the disk
 */
export function writeFileAtomic(
  path: string,
  data: Uint8Array | string | ((descriptor: number) => void),
  { sync = true } = {},
): void {
  makeFolder(dirname(path));
  explainIo(path, () => {
    const aside = `${path}.${randomBytes(4).toString('hex')}.part`;
    const descriptor = openSync(aside, 'w');
    try {
      if (typeof data === 'function') data(descriptor);
      else writeAll(descriptor, typeof data === 'string' ? Buffer.from(data) : data);
      if (sync) fsyncSync(descriptor);
      closeSync(descriptor);
    } catch (error) {
      try {
        closeSync(descriptor);
      } catch {
        // closed already: the first error is the one to tell
      }
      rmSync(aside, { force: true });
      throw error;
    }
    if (sync) moveIntoPlace(aside, path);
    else renameSync(aside, path);
  });
}

/** Lets `fill` write a folder aside, syncs every file and renames it to `path`, replacing what was there. */
export function writeFolderAtomic(path: string, fill: (folder: string) => void): void {
  makeFolder(dirname(path));
  explainIo(path, () => {
    const aside = `${path}.${randomBytes(4).toString('hex')}.part`;
    mkdirSync(aside);
    try {
      fill(aside);
      for (const name of readdirSync(aside)) {
        const file = join(aside, name);
        if (statSync(file).isFile()) syncFolder(file);
      }
      syncFolder(aside);
      rmSync(path, { recursive: true, force: true });
      renameSync(aside, path);
    } catch (error) {
      rmSync(aside, { recursive: true, force: true });
      throw error;
    }
    syncFolder(dirname(path));
  });
}

/** Removes what killed processes left half-written in a folder; it need not exist. */
export function sweepParts(folder: string): void {
  if (!existsSync(folder)) return;
  explainIo(folder, () => {
    for (const name of readdirSync(folder))
      if (/\.[0-9a-f]{8}\.part$/.test(name)) rmSync(join(folder, name), { recursive: true, force: true });
  });
}

/** SHA-256 of a file, in hexadecimal, read in pieces. */
export function sha256File(path: string): string {
  return explainIo(path, () => {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1 << 22);
    const descriptor = openSync(path, 'r');
    try {
      for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer))
        hash.update(buffer.subarray(0, read));
    } finally {
      closeSync(descriptor);
    }
    return hash.digest('hex');
  });
}
