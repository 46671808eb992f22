// What a PyTorch file holds, as a tree of plain values with tensors at its leaves; flat names and plain data are views of it.
// A pickle may share and even nest its values in themselves: the tree is bounded in depth and size, whatever it would unfold to.
import {
  describe,
  PickledDict,
  PickledFloat,
  PickledSet,
  PickledTuple,
  quoted,
  type Refuse,
  type Value,
} from '../pickle/index.js';
import { PthTensor, StorageView, TorchType } from './tensor.js';

const mostValues = 1_000_000;
const mostDepth = 100;
const mostTensors = 100_000;
const longestName = 1000;

/** A value of a PyTorch file: dictionaries are maps with text for keys; lists, tuples and sets are arrays. */
export type PthNode =
  null | boolean | number | bigint | string | Uint8Array | PthNode[] | Map<string, PthNode> | PthTensor;

/** A value of a PyTorch file without its tensors: dictionaries are objects. */
export type PlainNode =
  null | boolean | number | bigint | string | Uint8Array | PlainNode[] | { [key: string]: PlainNode };

/** Makes the tree of a pickle's value. */
export class TreeMaker {
  readonly tensors = new Map<string, PthTensor>();
  #values = 0;

  constructor(private readonly refuse: Refuse) {}

  /** @param name what the tensors in it are called: keys on the way to it, joined by dots */
  make(value: Value, name = '', depth = 0): PthNode {
    if (++this.#values > mostValues) this.refuse(`it unfolds to more than ${mostValues} values`);
    if (depth > mostDepth) this.refuse(`it nests deeper than ${mostDepth}`);
    const inside = (key: string | number) => (depth === 0 ? String(key) : `${name}.${key}`);
    if (value instanceof PickledDict) return this.#map(value, inside, depth);
    if (value instanceof PickledSet) return this.#list([...value.items], inside, depth);
    if (value instanceof PickledTuple) return this.#list(value.items, inside, depth);
    if (Array.isArray(value)) return this.#list(value, inside, depth);
    if (value instanceof PthTensor) return this.#tensor(name, value);
    if (value instanceof StorageView)
      return this.#tensor(name, new PthTensor(value.storage.element, [value.count], value.storage, value.offset, [1]));
    if (value instanceof PickledFloat) return value.value;
    if (value instanceof TorchType) return value.name;
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
    return this.refuse(`it holds ${describe(value)} itself`);
  }

  #list(items: readonly Value[], inside: (key: number) => string, depth: number): PthNode[] {
    return items.map((item, i) => this.make(item, inside(i), depth + 1));
  }

  #map(dict: PickledDict, inside: (key: string) => string, depth: number): Map<string, PthNode> {
    const made = new Map<string, PthNode>();
    for (const [key, value] of dict.size ? dict.entries : []) {
      const text = String(key);
      if (made.has(text)) this.refuse(`a dictionary has two keys that read ${quoted(text)}`);
      made.set(text, this.make(value, inside(text), depth + 1));
    }
    return made;
  }

  #tensor(name: string, tensor: PthTensor): PthTensor {
    const known = name === '' ? 'tensor' : name; // a file may be a single tensor
    if (known.length > longestName) this.refuse(`a tensor has a name of ${known.length} characters`);
    if (this.tensors.has(known)) this.refuse(`it has two tensors named ${quoted(known)}`);
    if (this.tensors.size === mostTensors) this.refuse(`it has more than ${mostTensors} tensors`);
    this.tensors.set(known, tensor);
    return tensor;
  }
}

/** What remains without the tensors. Containers of tensors alone go with them; in a list of both, null keeps a tensor's place. */
export function plainPart(node: PthNode): PlainNode | undefined {
  if (node instanceof PthTensor) return undefined;
  if (Array.isArray(node)) {
    const items = node.map(plainPart);
    return items.length > 0 && items.every((item) => item === undefined)
      ? undefined
      : items.map((item) => item ?? null);
  }
  if (node instanceof Map) {
    const entries = Array.from(node, ([key, value]) => [key, plainPart(value)] as const);
    const kept = entries.filter((entry): entry is [string, PlainNode] => entry[1] !== undefined);
    return entries.length > 0 && kept.length === 0 ? undefined : Object.fromEntries(kept);
  }
  return node;
}
