// Tensors of a PyTorch file as the pickle describes them: a window of sizes and strides on a storage. Whatever a window could reach that it should not is refused here.
import {
  type Caller,
  describe,
  PickledObject,
  PickledTuple,
  quoted,
  type Refuse,
  type Value,
} from '../pickle/index.js';
import { elementSizes, type SafetensorsType } from '../tensors.js';

const mostTensors = 100_000;
const mostDimensions = 8;
const largestSize = 2 ** 32;

/** A class of storages, e.g. `torch.FloatStorage`; one without a type of elements counts in bytes. */
export class StorageType extends PickledObject {
  readonly what: string;
  constructor(
    name: string,
    /** Absent where its elements are of a kind that is not read. */
    readonly element: SafetensorsType | undefined,
  ) {
    super();
    this.what = quoted(name);
  }
}

/** `torch.float32` and its like; where tensors of it are read, `element` says as what. */
export class TorchType extends PickledObject {
  readonly what: string;
  constructor(
    readonly name: string,
    readonly element: SafetensorsType | undefined,
  ) {
    super();
    this.what = quoted(name);
  }
}

/** The bytes of one storage of the file. */
export interface Storage {
  readonly key: string;
  readonly type: StorageType;
  readonly element: SafetensorsType;
  /** Number of elements. */
  readonly count: number;
  /** Where it begins in the file, known once the pickle is read. */
  position: number;
  /** CRC-32 where the file has one. */
  crc?: number;
}

/** A storage, or in the legacy format a piece of one. Offset and count are in elements. */
export class StorageView extends PickledObject {
  readonly what = 'a storage';
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly count: number,
  ) {
    super();
  }
}

/** A tensor of the file. Its offset and strides are in elements of its own type. */
export class PthTensor extends PickledObject {
  readonly what = 'a tensor';
  constructor(
    readonly dtype: SafetensorsType,
    readonly shape: readonly number[],
    readonly storage: Storage,
    readonly offset: number,
    readonly strides: readonly number[],
  ) {
    super();
  }

  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }
  get byteLength(): number {
    return this.numel * elementSizes[this.dtype];
  }
}

const isCount = (value: Value | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** The storages that a pickle refers to, and how many tensors it makes of them. */
export class Storages {
  readonly all = new Map<string, Storage>();
  #tensors = 0;

  /** @param views whether pieces of storages may be referred to, as in the legacy format */
  constructor(
    private readonly views: boolean,
    private readonly refuse: Refuse,
  ) {}

  /** What a persistent id stands for: `('storage', type, key, location, count)`, in the legacy format with a view or None behind. */
  fromId(id: Value): StorageView {
    const [kind, type, key, location, count, view = null] = id instanceof PickledTuple ? id.items : [];
    if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || typeof location !== 'string')
      return this.refuse(`${describe(id)} stands where a storage is described`);
    if (!isCount(count)) return this.refuse(`storage ${quoted(key)} has ${describe(count)} elements`);
    if (!type.element)
      return this.refuse(
        `it holds elements of ${type.what}, floats, integers and booleans are read`,
        'convert it first',
      );
    const storage = this.#storage(key, type, type.element, count);
    return view === null ? new StorageView(storage, 0, count) : this.#view(storage, view);
  }

  #storage(key: string, type: StorageType, element: SafetensorsType, count: number): Storage {
    const known = this.all.get(key);
    if (known && (known.type !== type || known.count !== count))
      return this.refuse(`storage ${quoted(key)} is described in two ways`);
    if (!known && this.all.size === mostTensors) this.refuse(`it has more than ${mostTensors} storages`);
    const storage = known ?? { key, type, element, count, position: 0 };
    this.all.set(key, storage);
    return storage;
  }

  #view(storage: Storage, view: Value): StorageView {
    const [key, offset, count] = view instanceof PickledTuple ? view.items : [];
    if (!this.views || typeof key !== 'string' || !isCount(offset) || !isCount(count) || offset + count > storage.count)
      return this.refuse(`a piece of storage ${quoted(storage.key)} is malformed`);
    return new StorageView(storage, offset, count);
  }

  /** `_rebuild_tensor(storage, offset, size, stride, …)`; `type` where it is not the storage's. */
  tensor(args: readonly Value[], machine: Caller, type?: Value): PthTensor {
    if (++this.#tensors > mostTensors) machine.refuse(`it has more than ${mostTensors} tensors`);
    const [view, offset, size, stride] = args;
    if (!(view instanceof StorageView)) return machine.refuse(`${describe(view)} stands for a tensor's storage`);
    if (type !== undefined && !(type instanceof TorchType))
      return machine.refuse(`${describe(type)} stands for a tensor's type`);
    const dtype = type ? type.element : view.storage.element;
    if (!dtype)
      return machine.refuse(
        `a tensor is of ${describe(type)}, floats, integers and booleans are read`,
        'convert it first',
      );
    const [shape, strides] = [counts(size, machine), counts(stride, machine)];
    if (!isCount(offset)) return machine.refuse(`a tensor begins at ${describe(offset)}`);
    const width = elementSizes[dtype];
    const start = (view.offset * elementSizes[view.storage.element]) / width;
    if (!Number.isInteger(start)) machine.refuse('a piece of a storage begins inside an element');
    const room = (view.count * elementSizes[view.storage.element]) / width;
    checkWindow(shape, strides, offset, room, machine);
    return new PthTensor(dtype, shape, view.storage, start + offset, strides);
  }
}

function counts(value: Value | undefined, machine: Caller): number[] {
  const items = value instanceof PickledTuple ? value.items : undefined;
  if (!items || items.length > mostDimensions)
    return machine.refuse(`expected at most ${mostDimensions} sizes or strides, found ${describe(value)}`);
  return items.map((item) => (isCount(item) ? item : machine.refuse(`a size or stride is ${describe(item)}`)));
}

/** All elements lie in the storage, and no two share a place but where a dimension is expanded (its stride is 0). */
function checkWindow(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  room: number,
  { refuse }: Caller,
): void {
  const what = () => `a tensor of sizes [${shape.join(', ')}] and strides [${strides.join(', ')}] at ${offset}`;
  if (shape.length !== strides.length) refuse(`${what()} has not as many strides as sizes`);
  if (shape.some((size) => size >= largestSize)) refuse(`${what()} is too large`);
  if (shape.includes(0)) return;
  const steps = shape
    .map((size, i) => ({ size, stride: strides[i]! }))
    .filter(({ size, stride }) => size > 1 && stride > 0);
  let reach = 1n; // elements from the first to the last, of the dimensions looked at
  for (const { size, stride } of steps.sort((a, b) => a.stride - b.stride)) {
    if (BigInt(stride) < reach) refuse(`${what()} overlaps itself`);
    reach += BigInt(size - 1) * BigInt(stride);
  }
  if (BigInt(offset) + reach > BigInt(Math.floor(room)))
    refuse(`${what()} reaches beyond its storage of ${Math.floor(room)} elements`);
}
