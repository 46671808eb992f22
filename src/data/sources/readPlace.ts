// The bytes of an image, by its place. What was opened last stays open.
import { readFile, stat } from 'node:fs/promises';
import { BrokenImage } from '../imageFile.js';
import { openByteFile } from './byteFile.js';
import { openParquet, rowReader } from './parquetFile.js';
import { mostBytes, type Place } from './source.js';

const mostOpen = 64;

/** Values by name, made when first asked for; of many the oldest is given up. */
function recent<T>(make: (name: string) => Promise<T>, end: (made: T) => Promise<void>) {
  const held = new Map<string, Promise<T>>();
  const drop = async (name: string) => {
    const made = held.get(name);
    held.delete(name);
    await made?.then(end).catch(() => undefined); // one that failed has nothing to end
  };
  return {
    get(name: string): Promise<T> {
      const made = held.get(name) ?? make(name);
      held.delete(name);
      held.set(name, made);
      made.catch(() => held.delete(name));
      if (held.size > mostOpen) void drop(held.keys().next().value!);
      return made;
    },
    async close(): Promise<void> {
      await Promise.all([...held.keys()].map(drop));
    },
  };
}

async function readWhole(path: string): Promise<Uint8Array> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) throw new BrokenImage(facts ? 'it is no file' : 'no such file'); // opening a pipe would wait for ever
  if (facts.size > mostBytes) throw new BrokenImage(`${facts.size} bytes are too many for an image`);
  return readFile(path).catch((error: unknown) => {
    throw new BrokenImage(`it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  });
}

/** Reads images by their places. */
export interface PlaceReader {
  /**
   * @throws BrokenImage where this one file cannot be read; UsageError where more than it is at fault: a shard, a server.
   */
  read(place: Place): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a reader of places. */
export function placeReader(): PlaceReader {
  const files = recent(openByteFile, (file) => file.close());
  const tables = recent(
    async (name) => {
      const file = await openParquet(name);
      return { read: rowReader(file), close: () => file.close() };
    },
    (table) => table.close(),
  );
  return {
    async read(place) {
      if (place.kind === 'file') return readWhole(place.path);
      if (place.kind === 'range') return (await files.get(place.file)).read(place.offset, place.size);
      return (await tables.get(place.file)).read(place.column, place.row);
    },
    async close() {
      await Promise.all([files.close(), tables.close()]);
    },
  };
}
