// A file of torch.save, of either of its formats, open: read as data, whatever it says; tensors one at a time.
import { UsageError } from '../../util/errors.js';
import { OpenFile } from '../openFile.js';
import { quoted, type Refuse, type Value } from '../pickle/index.js';
import { elementSizes, type RawTensor, type WeightsFile } from '../tensors.js';
import { readArchive } from './archive.js';
import { crcOf } from './crc.js';
import { isContiguous, readElements } from './gather.js';
import { readLegacy } from './legacy.js';
import type { PthTensor } from './tensor.js';
import { type PlainNode, plainPart, type PthNode, TreeMaker } from './tree.js';

/** Tensors may share storages or be expanded; what all would fill is bounded by this many times the file, and an allowance for small ones. */
const mostUnfolding = 4;
const allowance = 64 << 20;

/** An open PyTorch file. Close it, or use `using`. */
export class PthFile implements WeightsFile {
  readonly metadata: Readonly<Record<string, string>> = {};
  /** All that the file holds: nested maps and arrays, tensors at the leaves. */
  readonly root: PthNode;
  readonly tensors: ReadonlyMap<string, PthTensor>;
  readonly #file: OpenFile;

  /** @throws UsageError where the file is damaged, or holds more than tensors and plain data; nothing of it is run */
  constructor(readonly path: string) {
    this.#file = new OpenFile(path);
    try {
      const maker = new TreeMaker(this.#refuse);
      this.root = maker.make(this.#load());
      this.tensors = maker.tensors;
      this.#checkUnfolding();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  readonly #refuse: Refuse = (what, mend = 'fetch or write it again') => {
    throw new UsageError(`${this.path}: not a PyTorch file of plain tensors: ${what}; ${mend}`);
  };

  #load(): Value {
    const head = Buffer.alloc(Math.min(262, this.#file.size));
    this.#file.readInto(head, 0);
    if (head.toString('latin1', 0, 2) === 'PK') return readArchive(this.#file, this.#refuse);
    if (head.toString('latin1', 257) !== 'ustar') return readLegacy(this.#file, this.#refuse);
    return this.#refuse('it is a tar archive of PyTorch before 0.1.12', 'load and save it with a later PyTorch');
  }

  #checkUnfolding(): void {
    let bytes = 0;
    for (const tensor of this.tensors.values()) bytes += tensor.byteLength;
    if (bytes > mostUnfolding * this.#file.size + allowance)
      this.#refuse(`its ${this.#file.size} bytes unfold to tensors of ${bytes}`, 'save contiguous tensors');
  }

  /** Numbers, texts and containers of the file without its tensors (`{ epoch: 179, … }`); undefined where there are only tensors. */
  get structure(): PlainNode | undefined {
    return plainPart(this.root);
  }

  /** The bytes of one tensor, row-major whatever its strides; a whole storage is checked against its checksum where there is one. */
  read(name: string): RawTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UsageError(`${this.path}: there is no tensor ${quoted(name)}`);
    const bytes = this.#allocate(name, tensor.byteLength);
    readElements(this.#file, tensor, bytes, () => this.#refuse('it ends early (truncated?)'));
    this.#checkSum(name, tensor, bytes);
    return { dtype: tensor.dtype, shape: tensor.shape, bytes };
  }

  #allocate(name: string, length: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(length);
    } catch {
      return this.#refuse(`its tensor ${quoted(name)} has ${length} bytes`, 'this machine cannot hold it');
    }
  }

  #checkSum(name: string, tensor: PthTensor, bytes: Uint8Array): void {
    const { storage, offset } = tensor;
    const whole = offset === 0 && bytes.byteLength === storage.count * elementSizes[storage.element];
    if (!storage.crc || !whole || !isContiguous(tensor)) return;
    if (crcOf(bytes) !== storage.crc) this.#refuse(`the checksum of its tensor ${quoted(name)} is wrong`);
  }

  close(): void {
    this.#file.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
