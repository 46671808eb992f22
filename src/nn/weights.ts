// Tensors in safetensors files.
import {
  type RawTensor,
  readSafetensors,
  type SafetensorsType,
  type TensorSource,
  writeSafetensors,
} from '../formats/index.js';
import { type DType, keep, type Tensor, tensorFromBytes } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

const names: Partial<Record<SafetensorsType, DType>> = {
  BOOL: 'bool',
  U8: 'uint8',
  I8: 'int8',
  I16: 'int16',
  F16: 'float16',
  BF16: 'bfloat16',
  I32: 'int32',
  F32: 'float32',
  I64: 'int64',
  F64: 'float64',
};
const codes = new Map(Object.entries(names).map(([code, dtype]) => [dtype, code as SafetensorsType]));

/** A tensor of a file's bytes, kept until it is disposed of. */
export function toTensor(raw: RawTensor, where: string): Tensor {
  const dtype = names[raw.dtype];
  if (!dtype) throw new UsageError(`${where}: the dtype ${raw.dtype} is not supported`);
  return keep(tensorFromBytes(raw.bytes, dtype, raw.shape));
}

/** Reads all tensors of a file into memory; dispose of them after use. */
export function loadWeights(path: string): { metadata: Record<string, string>; tensors: Map<string, Tensor> } {
  const { metadata, tensors } = readSafetensors(path);
  return {
    metadata,
    tensors: new Map(Array.from(tensors, ([name, raw]) => [name, toTensor(raw, `${path}: ${name}`)])),
  };
}

/** Writes tensors to a file, whole or not at all. */
export function saveWeights(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const sources = Array.from(tensors, ([name, one]): [string, TensorSource] => [
    name,
    { dtype: codes.get(one.dtype)!, shape: one.shape, bytes: () => one.bytes() },
  ]);
  writeSafetensors(path, new Map(sources), metadata);
}
