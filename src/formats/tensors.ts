// What the formats of tensors have in common: element types by their names in safetensors, one tensor's bytes, an open file of many.

/** Bytes of one element. */
export const elementSizes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** Element types by their names in safetensors. */
export type SafetensorsType = keyof typeof elementSizes;

/** One tensor: row-major little-endian bytes. */
export interface RawTensor {
  dtype: SafetensorsType;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** A tensor to be written; its bytes are asked for when their turn comes, so that they need not all be in memory. */
export interface TensorSource {
  dtype: SafetensorsType;
  shape: readonly number[];
  bytes: () => Uint8Array;
}

/** Bytes of a tensor that is to be written. */
export const sourceBytes = ({ dtype, shape }: TensorSource): number =>
  shape.reduce((product, size) => product * size, elementSizes[dtype]);

/** Asks for a tensor's bytes; they must fill its shape. */
export function bytesOf(name: string, source: TensorSource): Uint8Array {
  const [bytes, expected] = [source.bytes(), sourceBytes(source)];
  if (bytes.byteLength === expected) return bytes;
  throw new Error(`internal: tensor '${name}': expected ${expected} bytes, got ${bytes.byteLength}`);
}

/** An open file of tensors: what it holds is known, the bytes are read tensor by tensor. Close it, or use `using`. */
export interface WeightsFile extends Disposable {
  readonly path: string;
  /** Text that was saved with the tensors; a PyTorch file has none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Every tensor by its name; in a PyTorch file nested names are joined by dots (`trainer.var_wo_ddp.head.weight`). */
  readonly tensors: ReadonlyMap<string, { readonly dtype: SafetensorsType; readonly shape: readonly number[] }>;
  /**
   * The bytes of one tensor, row-major.
   * @throws UsageError where there is none of that name, or the file is damaged
   */
  read(name: string): RawTensor;
  close(): void;
}
