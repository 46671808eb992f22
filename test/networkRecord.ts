// What the programs in test/programs wrote of every layer of a network (record.py says in which form), and the comparison with another's layers.
import { expect } from 'vitest';
import { loadWeights } from '../src/nn/index.js';
import { scope, type Tensor, tensor } from '../src/torch/index.js';

/** Bytes [count, 3, height, width] as record.py makes them. */
export function formulaBytes(count: number, height: number, width: number): Tensor {
  const bytes = new Uint8Array(count * 3 * height * width);
  let at = 0;
  for (let b = 0; b < count; b++)
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          bytes[at++] = x * (1 + c) + y * (2 + b) + 64 * ((Math.floor(x / 24) + Math.floor(y / 24) + c) % 2);
  return tensor(bytes, { shape: [count, 3, height, width] });
}

/** How far two lists of numbers are apart, against the size of the second. */
function relativeError(found: readonly number[], wanted: readonly number[]): number {
  const size = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return size(found.map((value, i) => value - wanted[i]!)) / size(wanted);
}

/** A file that a program wrote. */
export class NetworkRecord {
  readonly metadata: Readonly<Record<string, string>>;
  readonly #rows: Map<string, number[]>;
  readonly #shapes: Record<string, number[]>;
  readonly #left: Set<string>;

  constructor(path: string) {
    const { metadata, tensors } = loadWeights(path);
    this.metadata = metadata;
    this.#rows = new Map(Array.from(tensors, ([name, one]) => [name, one.toArray()]));
    for (const one of tensors.values()) one.dispose();
    this.#shapes = JSON.parse(metadata['shapes']!) as Record<string, number[]>;
    this.#left = new Set(this.#rows.keys());
  }

  /** Expects a layer's output to be what the program's was, to a relative error of 1e-4. */
  compare(name: string, output: Tensor): void {
    const row = this.#rows.get(name);
    if (!row) throw new Error(`${name}: the program has no such layer`);
    this.#left.delete(name);
    expect([name, output.shape]).toEqual([name, this.#shapes[name]]);
    const [sum, squares, ...samples] = row as [number, number, ...number[]];
    scope(() => {
      const flat = output.contiguous().flatten().to('float64');
      const elements = flat.data<'float64'>();
      const at = samples.map((_, i) => elements[Math.floor((i * elements.length) / samples.length)]!);
      const errors = {
        samples: relativeError(at, samples),
        squares: Math.abs(flat.square().sum().item() / squares - 1),
        sum: Math.abs(flat.sum().item() - sum) / Math.sqrt(squares * elements.length),
      };
      for (const [what, error] of Object.entries(errors)) expect(error, `${what} of ${name}`).toBeLessThan(1e-4);
    });
  }

  /** Layers that nothing has been compared with. */
  get left(): string[] {
    return [...this.#left];
  }
}
