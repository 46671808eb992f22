// A golden file: tensors by name, and the kind, seed, sizes and scales that its metadata gives.
import { loadWeights } from '../nn/index.js';
import { type Family, isFamily, type Scales } from '../tokenizers/index.js';
import { noGrad, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** An open golden file; dispose of it after use. */
export class GoldenFile {
  readonly #metadata: Record<string, string>;
  readonly #tensors: Map<string, Tensor>;
  readonly #read = new Set<string>();

  constructor(
    readonly path: string,
    /** A checkpoint that holds the weights of the formula; they are made here without it. */
    readonly weights?: string,
  ) {
    const { metadata, tensors } = loadWeights(path);
    this.#metadata = metadata;
    this.#tensors = tensors;
  }

  /** The family that the metadata names in its last word (`sar on var`); FlexVAR where it names none. */
  get family(): Family {
    const named = this.#metadata['family']?.split(' ').at(-1);
    return isFamily(named) ? named : 'flexvar';
  }
  get kind(): string {
    return this.text('kind');
  }
  get seed(): number {
    return this.integer('seed', 0);
  }

  /** An entry of the metadata. */
  text(name: string): string {
    const value = this.#metadata[name];
    if (value === undefined) throw new UsageError(`${this.path}: its metadata lacks '${name}'; is it a golden file?`);
    return value;
  }
  /** An integer of the metadata, at least `least`. */
  integer(name: string, least = 1): number {
    const value = Number(this.text(name));
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new UsageError(
      `${this.path}: metadata '${name}': expected an integer from ${least}, got '${this.text(name)}'`,
    );
  }
  /** A finite number of the metadata. */
  real(name: string): number {
    const value = Number(this.text(name));
    if (Number.isFinite(value)) return value;
    throw new UsageError(`${this.path}: metadata '${name}': expected a number, got '${this.text(name)}'`);
  }
  /** A JSON value of the metadata, as `parse` accepts it. */
  json<T>(name: string, parse: (value: unknown) => T): T {
    try {
      return parse(JSON.parse(this.text(name)));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const reason = (error as Error).message.replace(/\s+/g, ' ');
      throw new UsageError(`${this.path}: metadata '${name}': ${reason}`, { cause: error });
    }
  }
  /** A list of sides in the metadata. */
  scales(name: string): Scales {
    return this.json(name, (value) => {
      const valid =
        Array.isArray(value) && value.length > 0 && value.every((side) => Number.isInteger(side) && side > 0);
      if (!valid) throw new Error(`expected a list of sides such as [1, 2, 4], got ${JSON.stringify(value)}`);
      return value as number[];
    });
  }

  /** Names of all tensors. */
  names(): string[] {
    return [...this.#tensors.keys()];
  }
  /** The distinct first groups of `pattern` in the tensors' names, in their order. */
  matches(pattern: RegExp): string[] {
    return [...new Set(this.names().flatMap((name) => pattern.exec(name)?.[1] ?? []))];
  }
  has(name: string): boolean {
    return this.#tensors.has(name);
  }
  tensor(name: string): Tensor {
    const found = this.#tensors.get(name);
    if (!found) throw new UsageError(`${this.path}: expected a tensor '${name}', found none`);
    this.#read.add(name);
    return found;
  }
  /** The only element of a tensor. */
  number(name: string): number {
    const numbers = this.numbers(name);
    if (numbers.length === 1) return numbers[0]!;
    throw new UsageError(`${this.path}: '${name}': expected one element, found ${numbers.length}`);
  }
  numbers(name: string): number[] {
    return noGrad(() => this.tensor(name).toArray());
  }
  /** Names of tensors that nothing asked for: what a checker has passed over. */
  unread(): string[] {
    return this.names().filter((name) => !this.#read.has(name));
  }

  dispose(): void {
    for (const one of this.#tensors.values()) one.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
