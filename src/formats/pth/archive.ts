// The zip format of torch.save (PyTorch 1.6 and later): `NAME/data.pkl` describes the tensors, `NAME/data/KEY` holds the bytes of each storage.
import { crc32 } from 'node:zlib';
import type { OpenFile } from '../openFile.js';
import { Cursor, Machine, quoted, type Refuse, type Value } from '../pickle/index.js';
import { elementSizes } from '../tensors.js';
import { pthGlobals } from './globals.js';
import { StoredZip, type ZipEntry } from './storedZip.js';
import { Storages } from './tensor.js';

/** Pickles describe tensors and hold little else: a longer one is no such description. */
export const largestPickle = 64 << 20;
const newestVersion = 10;

/** The files of the archive without the folder that all are in. */
function filesOf(file: OpenFile, refuse: Refuse): Map<string, ZipEntry> {
  const entries = new StoredZip(file, refuse).entries();
  const [folder, ...others] = new Set(Array.from(entries.keys(), (name) => name.split('/', 1)[0]));
  if (folder === undefined || others.length > 0)
    return refuse(`expected one folder in it, found ${folder === undefined ? 'none' : others.length + 1}`);
  return new Map(Array.from(entries, ([name, entry]) => [name.slice(folder.length + 1), entry]));
}

/** A file of the archive, whole. PyTorch writes 0 where it was told not to sum up. */
function content(file: OpenFile, entry: ZipEntry, refuse: Refuse): Buffer {
  if (entry.size > largestPickle) refuse(`its ${quoted(entry.name)} has ${entry.size} bytes`);
  const bytes = Buffer.alloc(entry.size);
  file.readInto(bytes, entry.begin);
  if (entry.crc !== 0 && crc32(bytes) !== entry.crc) refuse(`the checksum of its ${quoted(entry.name)} is wrong`);
  return bytes;
}

function checkFormat(files: ReadonlyMap<string, ZipEntry>, file: OpenFile, refuse: Refuse): void {
  const text = (name: string) => {
    const entry = files.get(name);
    return entry && (entry.size <= 100 ? content(file, entry, refuse).toString('latin1').trim() : '');
  };
  if (files.has('constants.pkl')) refuse('it holds a TorchScript program', 'save the state dict of the module instead');
  const order = text('byteorder') ?? 'little';
  if (order !== 'little')
    refuse(`its byte order is ${quoted(order)}, little is read`, 'save it again on another machine');
  const version = text('version') ?? text('.data/version') ?? 'missing';
  if (!/^\d+$/.test(version) || Number(version) < 1 || Number(version) > newestVersion)
    refuse(`its format version is ${quoted(version)}, 1 to ${newestVersion} are known`);
}

/** Reads what the pickle describes; every storage is given its place. */
export function readArchive(file: OpenFile, refuse: Refuse): Value {
  const files = filesOf(file, refuse);
  const pickle = files.get('data.pkl');
  if (!pickle) return refuse("it has no 'data.pkl'");
  checkFormat(files, file, refuse);
  const storages = new Storages(false, refuse);
  const cursor = Cursor.over(content(file, pickle, refuse), refuse);
  const world = {
    globals: pthGlobals(storages),
    persistent: (id: Value) => storages.fromId(id),
    refuse,
    where: 'data.pkl',
  };
  const value = new Machine(cursor, world).run();
  if (cursor.left > 0) refuse(`its pickle is followed by ${cursor.left} bytes`);
  for (const [key, storage] of storages.all) {
    const entry = files.get(`data/${key}`);
    const expected = storage.count * elementSizes[storage.element];
    if (entry?.size !== expected)
      return refuse(`storage ${quoted(key)} should have ${expected} bytes, found ${entry?.size ?? 'none'}`);
    storage.position = entry.begin;
    storage.crc = entry.crc;
  }
  return value;
}
