// Element types: their names, libtorch's codes, and the typed arrays that hold them.

const codes = {
  uint8: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  float16: 5,
  float32: 6,
  float64: 7,
  bool: 11,
  bfloat16: 15,
} as const;

/** The element types of tensors. */
export type DType = keyof typeof codes;

const names = new Map<number, DType>(Object.entries(codes).map(([name, code]) => [code, name as DType]));

/** The element type of a libtorch code. */
export function dtypeName(code: number): DType {
  const name = names.get(code);
  if (!name) throw new TypeError(`dtype: libtorch's code ${code} has no name here`);
  return name;
}

/** libtorch's code of an element type; undefined stays undefined (the operator's default). */
export function dtypeCode(name: DType | undefined): number | undefined {
  if (name === undefined || name === null) return undefined;
  const code = codes[name];
  if (code === undefined)
    throw new TypeError(`dtype: expected one of ${Object.keys(codes).join(', ')}, got ${name as string}`);
  return code;
}

const arrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  bool: Uint8Array,
  bfloat16: Uint16Array,
} as const;

/** The typed array that holds elements of a type; float16 and bfloat16 as their bits. */
export type TypedArrayOf<D extends DType> = InstanceType<(typeof arrays)[D]>;

/** The class of typed array for an element type. */
export function typedArrayClass<D extends DType>(dtype: D): (typeof arrays)[D] {
  return arrays[dtype];
}

/** Bytes of one element. */
export function elementBytes(dtype: DType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

const ofArray = new Map<unknown, DType>([
  [Uint8Array, 'uint8'],
  [Int8Array, 'int8'],
  [Int16Array, 'int16'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
]);

/** The element type that a typed array stands for by default. */
export function dtypeOfArray(array: NodeJS.TypedArray): DType {
  const dtype = ofArray.get(array.constructor);
  if (!dtype) throw new TypeError(`tensor: a ${array.constructor.name} has no element type here; give { dtype }`);
  return dtype;
}

const memoryFormats = { contiguous: 0, preserve: 1, channelsLast: 2, channelsLast3d: 3 } as const;

/** How the elements lie in memory; `channelsLast` keeps the shape NCHW and stores NHWC. */
export type MemoryFormat = keyof typeof memoryFormats;

/** libtorch's code of a memory format; undefined stays undefined. */
export function memoryFormatCode(name: MemoryFormat | undefined): number | undefined {
  if (name === undefined) return undefined;
  const code = memoryFormats[name];
  if (code === undefined)
    throw new TypeError(
      `memory format: expected one of ${Object.keys(memoryFormats).join(', ')}, got ${name as string}`,
    );
  return code;
}
