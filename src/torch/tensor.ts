// Tensor: a handle on a libtorch tensor. Its operators are generated (generated/operators.ts); here is only what the dispatcher does not hold.
import {
  dtypeCode,
  dtypeName,
  elementBytes,
  memoryFormatCode,
  typedArrayClass,
  type DType,
  type MemoryFormat,
  type TypedArrayOf,
} from './dtype.js';
import { TensorOperators } from './generated/operators.js';
import { dispose, own } from './memory.js';
import { native } from './native.js';
import { bindTensor, resolved, wrap, wrapOptional, type Operator } from './boxed.js';

const toCopy: Operator = {
  name: 'aten::_to_copy',
  args: ['self', 'dtype', 'device', 'non_blocking', 'memory_format'],
};

/** What `Tensor.to` can change. */
export interface ToOptions {
  dtype?: DType;
  device?: string;
  memoryFormat?: MemoryFormat;
}

/**
 * A multi-dimensional array in libtorch's memory. Operators never consume their inputs. It is freed when the scope it was made in ends;
 * see `scope`, `keep` and `dispose`.
 */
export class Tensor extends TensorOperators {
  /** Sizes of the dimensions, e.g. `[batch, channels, height, width]`. */
  get shape(): number[] {
    return native.shape(this.handle);
  }
  /** Steps between neighbours of each dimension, in elements. */
  get strides(): number[] {
    return native.strides(this.handle);
  }
  get dtype(): DType {
    return dtypeName(native.dtype(this.handle));
  }
  /** `cpu`, `cuda:0`, … */
  get device(): string {
    return native.device(this.handle);
  }
  /** Number of elements. */
  get numel(): number {
    return native.elementCount(this.handle);
  }
  /** Size of one dimension; negative ones count from the last. */
  size(dim: number): number {
    const shape = this.shape;
    const size = shape.at(dim);
    if (size === undefined) throw new RangeError(`size: dimension ${dim} of a tensor of shape [${shape.join(', ')}]`);
    return size;
  }
  /** Whether the elements lie without gaps in the order of the format. */
  isContiguous(format: Exclude<MemoryFormat, 'preserve'> = 'contiguous'): boolean {
    return native.isContiguous(this.handle, memoryFormatCode(format)!);
  }

  /** Whether gradients are computed for it. */
  get requiresGrad(): boolean {
    return native.requiresGrad(this.handle);
  }
  set requiresGrad(on: boolean) {
    native.setRequiresGrad(this.handle, on);
  }
  /** The gradient that backward accumulated, or null. */
  get grad(): Tensor | null {
    return wrapOptional(native.gradient(this.handle));
  }
  set grad(value: Tensor | null) {
    native.setGradient(this.handle, value === null ? null : value.handle);
  }
  /** Adds the gradients of this (a scalar, unless `seed` gives the outer gradient) to the `grad` of every leaf it depends on. */
  backward(options: { seed?: Tensor; retainGraph?: boolean } = {}): void {
    native.backward([this.handle], options.seed ? [options.seed.handle] : undefined, options.retainGraph ?? false);
  }

  /** The same values as another dtype, on another device or in another memory format; itself where nothing changes. */
  to(target: DType | ToOptions): Tensor {
    const { dtype, device, memoryFormat }: ToOptions = typeof target === 'string' ? { dtype: target } : target;
    const same =
      (dtype === undefined || dtype === this.dtype) &&
      (device === undefined || sameDevice(device, this.device)) &&
      (memoryFormat === undefined || memoryFormat === 'preserve' || this.isContiguous(memoryFormat));
    if (same) return this;
    return wrap(
      native.call(resolved(toCopy), this.handle, dtypeCode(dtype), device, undefined, memoryFormatCode(memoryFormat)),
    );
  }

  /** The only element, as a number (true and false as 1 and 0). */
  item(): number {
    return Number(native.item(this.handle));
  }
  /** A copy of the elements in row-major order; float16 and bfloat16 as their bits. */
  data<D extends DType = 'float32'>(): TypedArrayOf<D> {
    const Class = typedArrayClass(this.dtype);
    return new Class(native.bytes(this.handle)) as TypedArrayOf<D>;
  }
  /** A copy of the elements' bytes in row-major order. */
  bytes(): Uint8Array {
    return new Uint8Array(native.bytes(this.handle));
  }
  /** The elements as plain numbers in row-major order. */
  toArray(): number[] {
    if (this.dtype === 'bool') return Array.from(this.bytes());
    if (this.dtype === 'bfloat16' || this.dtype === 'float16') {
      using wide = this.to('float32');
      return Array.from(wide.data());
    }
    return Array.from(this.data<DType>(), Number);
  }

  /** Whether it was freed. */
  get disposed(): boolean {
    return this.handle < 0;
  }
  /** Frees it now; again is harmless. */
  dispose(): void {
    dispose(this);
  }
  [Symbol.dispose](): void {
    dispose(this);
  }
  /** A short description: shape, dtype, device. */
  override toString(): string {
    return this.disposed ? 'Tensor(freed)' : `Tensor([${this.shape.join(', ')}], ${this.dtype}, ${this.device})`;
  }
}

/** `cuda` and `cuda:0` are one device. */
function sameDevice(a: string, b: string): boolean {
  const full = (name: string) => (name === 'cuda' ? 'cuda:0' : name);
  return full(a) === full(b);
}

bindTensor((handle) => {
  const tensor = new Tensor(handle);
  own(tensor);
  return tensor;
});

/** Bytes that a tensor of this shape and dtype takes. */
export function tensorBytes(shape: readonly number[], dtype: DType): number {
  return shape.reduce((product, size) => product * size, elementBytes(dtype));
}
