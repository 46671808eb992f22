// A file of weights with what it is: our own by its metadata, a published one by its tensors.
import { openWeightsFile, type RawTensor, type WeightsFile } from '../formats/index.js';
import { type TensorsByName, toTensor } from '../nn/index.js';
import { isFamily } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import type { Guess, Hidden, Shapes } from './configurations.js';
import { recognise, type Recognised, verify } from './recognise.js';
import { chooseStateDict, type Wanted } from './stateDicts.js';

/** What is wanted of a file, and what its tensors do not tell. */
export type CheckpointOptions = Wanted & Pick<Hidden, 'normGroups'>;

/** The tensors below a prefix, by the rest of their names. */
function below(file: WeightsFile, prefix: string): Shapes {
  const inside = [...file.tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(inside.map(([name, facts]) => [name.slice(prefix.length), facts]));
}

/** The configuration that we wrote into the file, where it is one of ours. */
function written({ metadata, path }: WeightsFile): Guess | undefined {
  const { family, config } = metadata;
  if (!isFamily(family) || config === undefined) return undefined;
  try {
    return { family, config: JSON.parse(config) as Guess['config'] };
  } catch {
    throw new UsageError(`${path}: its metadata should hold a 'config' as JSON, and does not; was it written by another program?`); // prettier-ignore
  }
}

/** An open file of which one state dict is wanted. Close it, or use `using`. */
export class Checkpoint implements Disposable {
  /** What comes before the state dict's names in the file: `trainer.var_wo_ddp.`, or nothing. */
  readonly prefix: string;
  readonly shapes: Shapes;
  readonly what: Recognised;

  /** @throws UsageError where the file holds nothing of the kind wanted, or several of it */
  constructor(
    readonly file: WeightsFile,
    options: CheckpointOptions = {},
  ) {
    const { path } = file;
    const { kind, prefix } = chooseStateDict(new Set(file.tensors.keys()), path, options);
    this.prefix = prefix;
    this.shapes = below(file, prefix);
    const where = prefix ? `${path}, ${prefix.slice(0, -1)}` : path;
    const ours = written(file);
    this.what = ours
      ? verify(kind, ours, this.shapes, where)
      : recognise(this.shapes, where, { ...options, levels: () => this.#levels() });
  }

  /** The scale of each token, from the buffer that VAR keeps of it; nothing where there is none. */
  #levels(): number[] {
    const facts = this.shapes.get('lvl_1L');
    if (facts?.dtype !== 'I64') return [];
    const { bytes } = this.read('lvl_1L');
    return Array.from(new BigInt64Array(bytes.slice().buffer), Number);
  }

  /** The weights as a model loads them, one at a time. */
  weights(): TensorsByName {
    return {
      shapes: new Map(Array.from(this.shapes, ([name, { shape }]) => [name, shape])),
      tensor: (name) => toTensor(this.read(name), `${this.file.path}: ${this.prefix}${name}`),
    };
  }

  /** A tensor by its name in the state dict. */
  read(name: string): RawTensor {
    return this.file.read(this.prefix + name);
  }

  close(): void {
    this.file.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens the state dict of a file: safetensors or PyTorch's, wrapped or not, with our metadata or without. */
export function openCheckpoint(path: string, options: CheckpointOptions = {}): Checkpoint {
  const file = openWeightsFile(path);
  try {
    return new Checkpoint(file, options);
  } catch (error) {
    file.close();
    throw error;
  }
}
