// Tensors from plain data, and tensors of zeros, ones, ranges and random numbers.
import { wrap } from './boxed.js';
import { dtypeCode, dtypeOfArray, elementBytes, typedArrayClass, type DType } from './dtype.js';
import * as ops from './generated/operators.js';
import { scope } from './memory.js';
import { native } from './native.js';
import type { Generator } from './random.js';
import type { Tensor } from './tensor.js';

/** Where and as what a tensor is made; float32 on the CPU by default. */
export interface TensorOptions {
  dtype?: DType;
  device?: string;
}

/** Numbers nested in arrays to any depth, all rows of one length. */
export type Nested = number | boolean | readonly Nested[];

function nestedShape(data: Nested): number[] {
  const shape: number[] = [];
  for (let level: Nested | undefined = data; Array.isArray(level); level = (level as readonly Nested[])[0])
    shape.push((level as readonly Nested[]).length);
  return shape;
}

function flatten(data: Nested, shape: readonly number[], depth: number, into: number[]): void {
  if (!Array.isArray(data)) {
    if (depth !== shape.length) throw new TypeError('tensor: the nested arrays are not all of one depth');
    into.push(Number(data));
    return;
  }
  const rows = data as readonly Nested[];
  if (rows.length !== shape[depth]) throw new TypeError('tensor: the nested arrays are not all of one length');
  for (const row of rows) flatten(row, shape, depth + 1, into);
}

function toTyped(values: readonly number[], dtype: DType): NodeJS.TypedArray {
  if (dtype === 'int64') return BigInt64Array.from(values, BigInt);
  return (typedArrayClass(dtype) as { from(values: readonly number[]): NodeJS.TypedArray }).from(values);
}

/**
 * A tensor that holds a copy of `data`: a typed array (its own element type unless `dtype` says how to read its bits), a number, or nested arrays
 * of numbers (float32 unless `dtype` is given).
 */
export function tensor(
  data: Nested | NodeJS.TypedArray,
  options: TensorOptions & { shape?: readonly number[] } = {},
): Tensor {
  let made: Tensor;
  if (ArrayBuffer.isView(data)) {
    const source = dtypeForBits(data, options.dtype);
    made = wrap(native.fromBytes(data, options.shape ?? [data.length], dtypeCode(source)!));
  } else {
    const shape = nestedShape(data);
    const values: number[] = [];
    flatten(data, shape, 0, values);
    const dtype = options.dtype ?? 'float32';
    const low = dtype === 'bfloat16' || dtype === 'float16';
    const stored = low ? 'float32' : dtype;
    made = wrap(native.fromBytes(toTyped(values, stored), options.shape ?? shape, dtypeCode(stored)!));
  }
  return made.to({ dtype: options.dtype, device: options.device });
}

/** bfloat16, float16 and bool have no typed array of their own: `dtype` says that the bits are theirs. */
function dtypeForBits(data: NodeJS.TypedArray, dtype: DType | undefined): DType {
  const bits =
    (data instanceof Uint16Array && (dtype === 'bfloat16' || dtype === 'float16')) ||
    (data instanceof Uint8Array && dtype === 'bool');
  return bits ? dtype : dtypeOfArray(data);
}

/** A CPU tensor over the typed array's own memory: nothing is copied, and a change of one is a change of the other. */
export function aliasTypedArray(
  data: NodeJS.TypedArray,
  shape: readonly number[] = [data.length],
  dtype?: DType,
): Tensor {
  return wrap(native.aliasBytes(data, shape, dtypeCode(dtype ?? dtypeOfArray(data))!));
}

/** A CPU tensor of this dtype and shape from its row-major bytes (little-endian), copied once. */
export function tensorFromBytes(bytes: Uint8Array, dtype: DType, shape: readonly number[]): Tensor {
  const expected = shape.reduce((product, size) => product * size, elementBytes(dtype));
  if (expected !== bytes.byteLength)
    throw new TypeError(
      `tensorFromBytes: expected ${expected} bytes for ${dtype} [${shape.join(', ')}], got ${bytes.byteLength}`,
    );
  return wrap(native.fromBytes(bytes, shape, dtypeCode(dtype)!));
}

const withDefaults = (options: TensorOptions = {}): { dtype: DType; device: string } => ({
  dtype: options.dtype ?? 'float32',
  device: options.device ?? 'cpu',
});

/** Uninitialised memory of a shape. */
export const empty = (shape: readonly number[], options?: TensorOptions): Tensor =>
  ops.empty(shape, withDefaults(options));
/** Zeros of a shape. */
export const zeros = (shape: readonly number[], options?: TensorOptions): Tensor =>
  ops.zeros(shape, withDefaults(options));
/** Ones of a shape. */
export const ones = (shape: readonly number[], options?: TensorOptions): Tensor =>
  ops.ones(shape, withDefaults(options));
/** One value everywhere. */
export const full = (shape: readonly number[], value: number, options?: TensorOptions): Tensor =>
  ops.full(shape, value, withDefaults(options));
/** start, start + step, … below end; int64 unless a dtype is given. */
export const arange = (start: number, end: number, step = 1, options: TensorOptions = {}): Tensor =>
  ops.arange(start, end, step, withDefaults({ dtype: 'int64', ...options }));
/** `count` numbers from start to end, both included. */
export const linspace = (start: number, end: number, count: number, options?: TensorOptions): Tensor =>
  ops.linspace(start, end, count, withDefaults(options));
/** The identity matrix. */
export const eye = (size: number, options?: TensorOptions): Tensor => ops.eye(size, withDefaults(options));

/** Options of random tensors: without a generator the process-wide one draws. */
export interface RandomOptions extends TensorOptions {
  generator?: Generator;
}

const randomDefaults = (options: RandomOptions) => ({ generator: options.generator ?? null, ...withDefaults(options) });

/** Uniform numbers in [0, 1); of the generator's rows, where it has any. */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  const rows = options.generator?.rows;
  if (!rows) return ops.rand(shape, randomDefaults(options));
  const [size = 1, ...rest] = shape;
  if (rows.first + size > rows.of)
    throw new TypeError(`rand: rows ${rows.first} to ${rows.first + size} of a batch of ${rows.of}`);
  return scope(() => ops.rand([rows.of, ...rest], randomDefaults(options)).narrow(0, rows.first, size));
}
/** Numbers of the standard normal distribution. */
export const randn = (shape: readonly number[], options: RandomOptions = {}): Tensor =>
  ops.randn(shape, randomDefaults(options));
/** Integers in [low, high), int64 unless a dtype is given. */
export const randint = (low: number, high: number, shape: readonly number[], options: RandomOptions = {}): Tensor =>
  ops.randint(low, high, shape, randomDefaults({ dtype: 'int64', ...options }));
/** A random order of 0 … n − 1, int64. */
export const randperm = (n: number, options: RandomOptions = {}): Tensor =>
  ops.randperm(n, randomDefaults({ dtype: 'int64', ...options }));
