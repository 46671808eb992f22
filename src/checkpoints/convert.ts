// Rewrites a checkpoint in the other format, then reads both again and compares every value.
import { extname } from 'node:path';
import { openWeightsFile, type TensorSource, type WeightsFile, writePth, writeSafetensors } from '../formats/index.js';
import { dtypeOfCode, toTensor } from '../nn/index.js';
import { scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { type Checkpoint, type CheckpointOptions, openCheckpoint } from './checkpoint.js';
import type { Recognised } from './recognise.js';

/** Floating-point types that weights can be stored in, by their names in safetensors. */
export const storedTypes = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' } as const;
export type StoredType = keyof typeof storedTypes;

/** How a checkpoint is rewritten. */
export interface ConvertOptions extends CheckpointOptions {
  /** What floating-point tensors are stored as; as they are without it. */
  dtype?: StoredType | undefined;
}

/** What was written. */
export interface Converted {
  what: Recognised;
  /** The wrapper that was looked through, with its dot. */
  prefix: string;
  /** Tensors that were written and read again. */
  tensors: number;
  bytes: number;
}

const floats: readonly string[] = ['F64', 'F32', 'F16', 'BF16'];

/** A tensor of the checkpoint as it is to be written. */
function sourceOf(checkpoint: Checkpoint, name: string, wanted: StoredType | undefined): TensorSource {
  const { dtype, shape } = checkpoint.file.tensors.get(checkpoint.prefix + name)!;
  if (wanted === undefined || !floats.includes(dtype) || dtype === storedTypes[wanted])
    return { dtype, shape, bytes: () => checkpoint.read(name).bytes };
  const bytes = () => {
    using whole = toTensor(checkpoint.read(name), name);
    return scope(() => whole.to(dtypeOfCode(storedTypes[wanted])).bytes());
  };
  return { dtype: storedTypes[wanted], shape, bytes };
}

/** The metadata that our own files have, so that every command takes the result. */
function metadataOf({ file, what }: Checkpoint): Record<string, string> {
  return { kind: what.kind, family: what.family, config: JSON.stringify(what.config), ...file.metadata };
}

/** Compares a written file with what it was made of; throws where a value differs. */
function verifyWritten(output: WeightsFile, sources: ReadonlyMap<string, TensorSource>): number {
  let bytes = 0;
  for (const [name, source] of sources) {
    const { dtype, shape, bytes: found } = output.read(name);
    const expected = source.bytes();
    bytes += expected.byteLength;
    if (dtype !== source.dtype || shape.join() !== source.shape.join() || Buffer.compare(found, expected) !== 0)
      throw new Error(`internal: ${output.path}: '${name}' was not written as it was read`);
  }
  if (output.tensors.size !== sources.size) throw new Error(`internal: ${output.path}: there are other tensors in it`);
  return bytes;
}

/**
 * Rewrites the model of a file, buffers and all, as safetensors or PyTorch's format: the output's extension says which.
 * @throws UsageError where the input holds none or several, or the output has another extension
 */
export function convertCheckpoint(input: string, output: string, options: ConvertOptions = {}): Converted {
  const extension = extname(output);
  if (extension !== '.safetensors' && extension !== '.pth')
    throw new UsageError(`${output}: expected a name that ends in .safetensors or .pth`);
  using checkpoint = openCheckpoint(input, options);
  const names = [...checkpoint.shapes.keys()];
  const sources = new Map(names.map((name) => [name, sourceOf(checkpoint, name, options.dtype)]));
  if (extension === '.pth') writePth(output, sources);
  else writeSafetensors(output, sources, metadataOf(checkpoint));
  using written = openWeightsFile(output);
  const bytes = verifyWritten(written, sources);
  return { what: checkpoint.what, prefix: checkpoint.prefix, tensors: sources.size, bytes };
}
