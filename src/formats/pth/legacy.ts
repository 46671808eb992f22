// The format of torch.save before PyTorch 1.6: five pickles (a magic number, the protocol, the machine, the object, the keys of its storages), then each
// storage as a count of 8 bytes and its elements.
import type { OpenFile } from '../openFile.js';
import { Cursor, describe, Machine, PickledDict, quoted, type Refuse, type Value } from '../pickle/index.js';
import { elementSizes } from '../tensors.js';
import { largestPickle } from './archive.js';
import { pthGlobals } from './globals.js';
import { Storages } from './tensor.js';

const magic = 0x1950a86a20f9469cfc6cn;
const protocol = 1001;

/** Reads pickles that follow each other. */
class Pickles {
  position = 0;
  constructor(
    private readonly file: OpenFile,
    private readonly refuse: Refuse,
  ) {}

  next(storages?: Storages): Value {
    const end = Math.min(this.file.size, this.position + largestPickle);
    const read = (position: number, length: number) => {
      const bytes = Buffer.alloc(length);
      this.file.readInto(bytes, position);
      return bytes;
    };
    const cursor = new Cursor(read, this.position, end, this.refuse);
    const world = {
      globals: storages ? pthGlobals(storages) : new Map<string, Value>(),
      persistent: storages && ((id: Value) => storages.fromId(id)),
      refuse: this.refuse,
      where: 'the file',
    };
    const value = new Machine(cursor, world).run();
    this.position = cursor.position;
    return value;
  }
}

function checkHead(pickles: Pickles, refuse: Refuse): void {
  if (pickles.next() !== magic) refuse("it is a pickle without PyTorch's magic number", 'write it with torch.save');
  const version = pickles.next();
  if (version !== protocol) refuse(`its protocol is ${describe(version)}, ${protocol} is known`);
  const machine = pickles.next();
  const littleEndian = machine instanceof PickledDict ? machine.entries.get('little_endian') : undefined;
  if (littleEndian !== true) refuse('it does not say that its numbers are little-endian', 'save it again elsewhere');
}

/** Gives every storage its place: they follow in the order of the keys, and fill the file. */
function place(storages: Storages, keys: Value, file: OpenFile, begin: number, refuse: Refuse): void {
  if (!Array.isArray(keys) || new Set(keys).size !== keys.length || keys.length !== storages.all.size)
    return refuse(`it lists ${Array.isArray(keys) ? keys.length : 'no'} storages and describes ${storages.all.size}`);
  let position = begin;
  const head = Buffer.alloc(8);
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.all.get(key) : undefined;
    if (!storage) return refuse(`it lists the storage ${describe(key)} and does not describe it`);
    if (!file.readInto(head, position)) refuse('it ends early (truncated?)');
    if (head.readBigInt64LE() !== BigInt(storage.count))
      refuse(`storage ${quoted(storage.key)} should have ${storage.count} elements, has ${head.readBigInt64LE()}`);
    storage.position = position + head.length;
    position = storage.position + storage.count * elementSizes[storage.element];
    if (position > file.size) refuse(`storage ${quoted(storage.key)} reaches beyond its end (truncated?)`);
  }
  if (position !== file.size) refuse(`its last storage is followed by ${file.size - position} bytes`);
}

/** Reads what the pickle describes; every storage is given its place. */
export function readLegacy(file: OpenFile, refuse: Refuse): Value {
  const pickles = new Pickles(file, refuse);
  checkHead(pickles, refuse);
  const storages = new Storages(true, refuse);
  const value = pickles.next(storages);
  const keys = pickles.next();
  place(storages, keys, file, pickles.position, refuse);
  return value;
}
