// Reads one tensor of a file as a contiguous copy: in one read where its elements lie in order, else in blocks from which they are gathered.
// Blocks keep the memory small: a transposed tensor of gigabytes needs its copy and one block.
import type { OpenFile } from '../openFile.js';
import { elementSizes } from '../tensors.js';
import type { PthTensor } from './tensor.js';

const blockBytes = 32 << 20;
/** Smaller blocks are read even where little of them is needed. */
const smallBytes = 64 << 10;
const sparsest = 32;

/** One dimension: its size, its stride in the storage and its stride in the copy, in units. */
interface Dimension {
  size: number;
  from: number;
  to: number;
}

type Units = Uint8Array | Uint16Array | Uint32Array;

/** Whether the elements lie in row-major order without gaps. */
export function isContiguous({ shape, strides }: PthTensor): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i]!;
  }
  return true;
}

/** Dimensions by falling stride in the storage; those of one element are left out. */
function dimensionsOf({ shape, strides }: PthTensor, unitsPerElement: number): Dimension[] {
  const dimensions: Dimension[] = unitsPerElement > 1 ? [{ size: unitsPerElement, from: 1, to: 1 }] : [];
  let to = unitsPerElement;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i]! > 1) dimensions.push({ size: shape[i]!, from: strides[i]! * unitsPerElement, to });
    to *= shape[i]!;
  }
  return dimensions.sort((a, b) => b.from - a.from);
}

const extentOf = (dimensions: readonly Dimension[]) =>
  dimensions.reduce((sum, one) => sum + (one.size - 1) * one.from, 1);

/** Copies what lies in a block; `dimensions` from the outermost in the copy. */
function scatter(
  out: Units,
  to: number,
  block: Units,
  from: number,
  dimensions: readonly Dimension[],
  depth = 0,
): void {
  const one = dimensions[depth];
  if (!one) {
    out[to] = block[from]!;
    return;
  }
  const innermost = depth === dimensions.length - 1;
  for (let i = 0; i < one.size; i++) {
    if (innermost) out[to + i * one.to] = block[from + i * one.from]!;
    else scatter(out, to + i * one.to, block, from + i * one.from, dimensions, depth + 1);
  }
}

class Gatherer {
  readonly #block: ArrayBuffer;

  /** @param extent bytes from the first element to the last */
  constructor(
    private readonly out: Units,
    extent: number,
    private readonly readUnits: (block: Uint8Array, unit: number) => void,
  ) {
    this.#block = new ArrayBuffer(Math.min(extent, blockBytes));
  }

  #view(units: number): Units {
    if (this.out instanceof Uint8Array) return new Uint8Array(this.#block, 0, units);
    return this.out instanceof Uint16Array
      ? new Uint16Array(this.#block, 0, units)
      : new Uint32Array(this.#block, 0, units);
  }

  gather(dimensions: readonly Dimension[], from: number, to: number): void {
    const width = this.out.BYTES_PER_ELEMENT;
    const extent = extentOf(dimensions);
    const dense = extent <= sparsest * dimensions.reduce((product, one) => product * one.size, 1);
    if (extent * width <= (dense ? blockBytes : smallBytes)) {
      const block = this.#view(extent);
      this.readUnits(new Uint8Array(this.#block, 0, extent * width), from);
      scatter(
        this.out,
        to,
        block,
        0,
        [...dimensions].sort((a, b) => b.to - a.to),
      );
      return;
    }
    const [widest, ...rest] = dimensions as [Dimension, ...Dimension[]];
    const room = dense ? Math.floor((blockBytes / width - extentOf(rest)) / widest.from) + 1 : 1;
    const step = Math.max(1, room);
    for (let i = 0; i < widest.size; i += step) {
      const piece = { ...widest, size: Math.min(step, widest.size - i) };
      this.gather(piece.size === 1 ? rest : [piece, ...rest], from + i * widest.from, to + i * widest.to);
    }
  }
}

/** Fills `out`, which has the tensor's size, with its elements in row-major order. */
export function readElements(
  file: OpenFile,
  tensor: PthTensor,
  out: Uint8Array<ArrayBuffer>,
  atEnd: () => never,
): void {
  const width = elementSizes[tensor.dtype];
  const begin = tensor.storage.position + tensor.offset * width;
  const read = (bytes: Uint8Array, position: number) => {
    if (!file.readInto(bytes, position)) atEnd();
  };
  if (out.byteLength === 0) return;
  if (isContiguous(tensor)) {
    read(out, begin);
    return;
  }
  const unit = Math.min(width, 4); // elements of 8 bytes move as two halves
  const units = unit === 1 ? out : new (unit === 2 ? Uint16Array : Uint32Array)(out.buffer, 0, out.byteLength / unit);
  const dimensions = dimensionsOf(tensor, width / unit);
  const gatherer = new Gatherer(units, extentOf(dimensions) * unit, (block, first) => {
    read(block, begin + first * unit);
  });
  gatherer.gather(dimensions, 0, 0);
}
