// Tensors in files: safetensors and PyTorch's own, read one at a time or all at once.
import {
  openWeightsFile,
  type RawTensor,
  type SafetensorsType,
  type TensorSource,
  type WeightsFile,
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

/** The dtype of a name in the format; throws a UsageError where libtorch has none that we use. */
export function dtypeOfCode(code: SafetensorsType, where = 'tensor'): DType {
  const dtype = names[code];
  if (!dtype) throw new UsageError(`${where}: the dtype ${code} is not supported`);
  return dtype;
}

/** The name of a dtype in the format. */
export const codeOfDtype = (dtype: DType): SafetensorsType => codes.get(dtype)!;

/** A tensor of a file's bytes, kept until it is disposed of. */
export function toTensor(raw: RawTensor, where: string): Tensor {
  return keep(tensorFromBytes(raw.bytes, dtypeOfCode(raw.dtype, where), raw.shape));
}

/** Tensors of which the shapes are known; each is made when it is asked for. */
export interface TensorsByName {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** A new tensor, which the caller disposes of. */
  tensor(name: string): Tensor;
}

/** An open file of weights, whose tensors are read one at a time. Close it, or use `using`. */
export class OpenWeights implements TensorsByName, Disposable {
  readonly shapes: ReadonlyMap<string, readonly number[]>;

  constructor(readonly file: WeightsFile) {
    this.shapes = new Map(Array.from(file.tensors, ([name, { shape }]) => [name, shape]));
  }

  get path(): string {
    return this.file.path;
  }
  get metadata(): Readonly<Record<string, string>> {
    return this.file.metadata;
  }

  /** Reads one tensor, kept until it is disposed of. */
  tensor(name: string): Tensor {
    return toTensor(this.file.read(name), `${this.path}: ${name}`);
  }

  close(): void {
    this.file.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens a file of tensors, safetensors or PyTorch's; its content says which. */
export function openWeights(path: string): OpenWeights {
  return new OpenWeights(openWeightsFile(path));
}

/** Reads all tensors of a file into memory; dispose of them after use. */
export function loadWeights(path: string): { metadata: Record<string, string>; tensors: Map<string, Tensor> } {
  using file = openWeights(path);
  return {
    metadata: { ...file.metadata },
    tensors: new Map(Array.from(file.shapes.keys(), (name) => [name, file.tensor(name)])),
  };
}

/** Writes tensors to a safetensors file, whole or not at all. */
export function saveWeights(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const sources = Array.from(tensors, ([name, one]): [string, TensorSource] => [
    name,
    { dtype: codeOfDtype(one.dtype), shape: one.shape, bytes: () => one.bytes() },
  ]);
  writeSafetensors(path, new Map(sources), metadata);
}
