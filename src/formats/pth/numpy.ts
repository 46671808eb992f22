// NumPy's scalars: trainers save losses and step counts as such. They are decoded to numbers.
import { describe, PickledFloat, PickledGlobal, PickledObject, PickledTuple, type Value } from '../pickle/index.js';
import type { Caller } from '../pickle/index.js';

/** Readers of little-endian scalars by NumPy's codes; floats stay floats. */
const decoders: Record<string, (bytes: Buffer) => Value> = {
  f4: (bytes) => new PickledFloat(bytes.readFloatLE()),
  f8: (bytes) => new PickledFloat(bytes.readDoubleLE()),
  i1: (bytes) => bytes.readInt8(),
  i2: (bytes) => bytes.readInt16LE(),
  i4: (bytes) => bytes.readInt32LE(),
  i8: (bytes) => narrowed(bytes.readBigInt64LE()),
  u1: (bytes) => bytes.readUInt8(),
  u2: (bytes) => bytes.readUInt16LE(),
  u4: (bytes) => bytes.readUInt32LE(),
  u8: (bytes) => narrowed(bytes.readBigUInt64LE()),
  b1: (bytes) => bytes[0] !== 0,
};

const narrowed = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

class NumpyType extends PickledObject {
  readonly what = 'a NumPy type';
  constructor(readonly code: string) {
    super();
  }

  /** `(version, byte order, …)` */
  override build(state: Value, machine: Caller): void {
    const order = state instanceof PickledTuple ? state.items[1] : undefined;
    if (order !== '<' && order !== '|' && order !== '=')
      machine.refuse(`a NumPy type has the byte order ${describe(order)}`);
  }
}

function numpyType([code]: readonly Value[], machine: Caller): Value {
  if (typeof code !== 'string' || !Object.hasOwn(decoders, code))
    return machine.refuse(`a NumPy type is ${describe(code)}; numbers are read`, 'save it as a tensor');
  return new NumpyType(code);
}

function numpyScalar([type, bytes]: readonly Value[], machine: Caller): Value {
  if (!(type instanceof NumpyType) || !(bytes instanceof Uint8Array) || bytes.length !== Number(type.code.slice(1)))
    return machine.refuse('a NumPy number is malformed');
  return decoders[type.code]!(Buffer.from(bytes));
}

/** What NumPy's scalars name, in NumPy 1 and 2. */
export const numpyGlobals: ReadonlyMap<string, Value> = new Map([
  ['numpy\ndtype', new PickledGlobal('numpy.dtype', numpyType)],
  ['numpy.core.multiarray\nscalar', new PickledGlobal('numpy.core.multiarray.scalar', numpyScalar, false)],
  ['numpy._core.multiarray\nscalar', new PickledGlobal('numpy._core.multiarray.scalar', numpyScalar, false)],
]);
