// Writes a state dict as torch.save does, for every PyTorch from 1.6 on, `torch.load(weights_only=True)` included.
import { writeAll, writeFileAtomic } from '../../util/files.js';
import { UsageError } from '../../util/errors.js';
import { bytesOf, type SafetensorsType, type TensorSource } from '../tensors.js';
import { zipDirectory, type ZipEntry, zipLocalHeader } from '../zipWriter.js';
import { crcOf } from './crc.js';

/** Classes of storages; the unsigned types that are missing have none that an older PyTorch knows. */
const storageNames: Partial<Record<SafetensorsType, string>> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
};

/** An integer, in the shortest form. */
function integer(value: number): Buffer {
  if (value < 256) return Buffer.from([0x4b, value]);
  if (value < 2 ** 31) {
    const bytes = Buffer.from('J\0\0\0\0');
    bytes.writeInt32LE(value, 1);
    return bytes;
  }
  const bytes = Buffer.from([0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeBigInt64LE(BigInt(value), 2);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
}

const tuple = (items: readonly Buffer[]) => Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]);
const newOrderedDict = Buffer.from('ccollections\nOrderedDict\n)R');

/** `_rebuild_tensor_v2(storage, 0, sizes, strides, False, OrderedDict())` */
function pickledTensor(path: string, name: string, { dtype, shape }: TensorSource, key: string): Buffer {
  const storageName = storageNames[dtype];
  if (storageName === undefined)
    throw new UsageError(
      `${path}: tensor '${name}': ${dtype} cannot be written to a PyTorch file; convert it or write safetensors`,
    );
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, size) => product * Math.max(size, 1), 1));
  const count = shape.reduce((product, size) => product * size, 1);
  const type = Buffer.from(`ctorch\n${storageName}\n`);
  const storage = tuple([text('storage'), type, text(key), text('cpu'), integer(count)]);
  const [sizes, steps] = [shape, strides].map((numbers) => tuple(numbers.map(integer))) as [Buffer, Buffer];
  const args = [storage, Buffer.from('Q'), integer(0), sizes, steps, Buffer.from([0x89]), newOrderedDict];
  return Buffer.concat([Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n'), tuple(args), Buffer.from('R')]);
}

function pickledStateDict(path: string, tensors: ReadonlyMap<string, TensorSource>): Buffer {
  const items = Array.from(tensors, ([name, source], i) => [text(name), pickledTensor(path, name, source, String(i))]);
  return Buffer.concat([Buffer.from([0x80, 2]), newOrderedDict, Buffer.from('('), ...items.flat(), Buffer.from('u.')]);
}

const alignment = 64;

/** An extra field by which an entry's data begin at a multiple of 64 bytes, for readers that map the file. PyTorch names it 'FB' too. */
function paddingAt(offset: number, entry: Omit<ZipEntry, 'offset'>): Buffer {
  const head = Buffer.from('FB\0\0');
  const unaligned = offset + zipLocalHeader(entry).length + head.length;
  head.writeUInt16LE((alignment - (unaligned % alignment)) % alignment, 2);
  return Buffer.concat([head, Buffer.alloc(head.readUInt16LE(2))]);
}

/** An archive that is written entry by entry to an open file. */
class Archive {
  readonly #entries: ZipEntry[] = [];
  #position = 0;

  constructor(private readonly descriptor: number) {}

  add(name: string, data: Uint8Array): void {
    const entry = { name: `archive/${name}`, bytes: data.byteLength, crc: crcOf(data), offset: this.#position };
    const header = zipLocalHeader(entry, paddingAt(this.#position, entry));
    for (const part of [header, data]) writeAll(this.descriptor, part);
    this.#entries.push(entry);
    this.#position += header.length + data.byteLength;
  }

  end(): void {
    writeAll(this.descriptor, zipDirectory(this.#entries, this.#position));
  }
}

/**
 * Writes tensors as a state dict that `torch.load` reads, whole or not at all; each tensor's bytes are asked for when their turn comes.
 * @throws UsageError where a tensor's type is none of PyTorch 1's
 */
export function writePth(path: string, tensors: ReadonlyMap<string, TensorSource>): void {
  const pickle = pickledStateDict(path, tensors);
  writeFileAtomic(path, (descriptor) => {
    const archive = new Archive(descriptor);
    archive.add('data.pkl', pickle);
    archive.add('byteorder', Buffer.from('little'));
    Array.from(tensors).forEach(([name, source], i) => {
      archive.add(`data/${i}`, bytesOf(name, source));
    });
    archive.add('version', Buffer.from('3\n'));
    archive.end();
  });
}
