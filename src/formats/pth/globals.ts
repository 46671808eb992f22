// The whole of what a PyTorch file may name: tensors, their types, and plain containers. Whatever is not here is refused.
import {
  type Caller,
  describe,
  PickledDict,
  PickledFloat,
  PickledGlobal,
  PickledObject,
  PickledSet,
  PickledTuple,
  type Value,
} from '../pickle/index.js';
import type { SafetensorsType } from '../tensors.js';
import { numpyGlobals } from './numpy.js';
import { PthTensor, type Storages, StorageType, TorchType } from './tensor.js';

type Call = (args: readonly Value[], machine: Caller) => Value;

/** Classes of storages by their names, and their elements where those are read. */
const storageTypes: Record<string, SafetensorsType | undefined> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  UntypedStorage: 'U8',
  TypedStorage: undefined,
  ComplexFloatStorage: undefined,
  ComplexDoubleStorage: undefined,
  QInt8Storage: undefined,
  QUInt8Storage: undefined,
  QInt32Storage: undefined,
  QUInt4x2Storage: undefined,
  QUInt2x4Storage: undefined,
};

const torchTypes: Record<string, SafetensorsType | undefined> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex32: undefined,
  complex64: undefined,
  complex128: undefined,
  float8_e4m3fn: undefined,
  float8_e4m3fnuz: undefined,
  float8_e5m2: undefined,
  float8_e5m2fnuz: undefined,
};

/** How other kinds of tensors are made; none is read. */
const otherTensors: Record<string, string> = {
  'torch._utils\n_rebuild_sparse_tensor': 'a sparse tensor',
  'torch.serialization\n_get_layout': 'a sparse tensor',
  'torch._utils\n_rebuild_qtensor': 'a quantised tensor',
  'torch._utils\n_rebuild_nested_tensor': 'a nested tensor',
  'torch._utils\n_rebuild_meta_tensor_no_storage': 'a tensor without values',
};

const sequence = (value: Value | undefined, machine: Caller): readonly Value[] => {
  const items = value instanceof PickledTuple ? value.items : Array.isArray(value) ? value : undefined;
  if (!items) return machine.refuse(`${describe(value)} stands where a list was expected`);
  machine.spend(items.length);
  return items;
};

const atMost = (args: readonly Value[], count: number, machine: Caller) => {
  if (args.length > count) machine.refuse(`${args.length} arguments where at most ${count} were expected`);
};

/** `OrderedDict()`, or of pairs. */
const orderedDict: Call = (args, machine) => {
  atMost(args, 1, machine);
  const made = new PickledDict('drop');
  for (const pair of args.length ? sequence(args[0], machine) : []) {
    const [key, value, ...more] = sequence(pair, machine);
    if (value === undefined || more.length || (key !== null && typeof key === 'object'))
      return machine.refuse('an OrderedDict is not made of keys and values');
    made.entries.set(key!, value);
  }
  return made;
};

/** `Counter(dict)`. */
const counter: Call = (args, machine) => {
  atMost(args, 1, machine);
  const [counts] = args;
  const made = new PickledDict('drop');
  if (counts === undefined) return made;
  if (!(counts instanceof PickledDict)) return machine.refuse(`a Counter is made of ${describe(counts)}`);
  machine.spend(counts.size);
  for (const [key, count] of counts.size ? counts.entries : []) made.entries.set(key, count);
  return made;
};

/** `defaultdict(factory)`: the factory is a name, and never called. */
const defaultDict: Call = (args, machine) => {
  atMost(args, 1, machine);
  const [factory = null] = args;
  if (factory !== null && !(factory instanceof PickledGlobal && factory.isClass))
    machine.refuse(`a defaultdict is made with ${describe(factory)}`);
  return new PickledDict('drop');
};

const set: Call = (args, machine) => {
  atMost(args, 1, machine);
  const made = new PickledSet();
  for (const item of args.length ? sequence(args[0], machine) : []) {
    if (item instanceof PickledFloat) made.items.add(item.value);
    else if (item === null || typeof item !== 'object') made.items.add(item);
    else machine.refuse(`a set holds ${describe(item)}`);
  }
  return made;
};

/** `_codecs.encode(text, 'latin1')`: how bytes are written before protocol 3. */
const encode: Call = ([text, encoding, ...more], machine) => {
  if (typeof text !== 'string' || encoding !== 'latin1' || more.length || /[^\0-\xff]/.test(text))
    return machine.refuse('bytes are written in an unknown way');
  machine.spend(Math.ceil(text.length / 16));
  return Uint8Array.from(Buffer.from(text, 'latin1'));
};

const emptyBytes: Call = (args, machine) => {
  atMost(args, 0, machine);
  return new Uint8Array();
};

const size: Call = (args, machine) => {
  atMost(args, 1, machine);
  return new PickledTuple(args.length ? sequence(args[0], machine) : []);
};

/** `torch.device('cuda', 0)`, as text. */
const device: Call = ([kind, index, ...more], machine) => {
  if (typeof kind !== 'string' || more.length || (index !== undefined && typeof index !== 'number'))
    return machine.refuse('a device is malformed');
  machine.spend(Math.ceil(kind.length / 16));
  return index === undefined ? kind : `${kind}:${index}`;
};

/** A conjugated or negated view would have other values than its storage. */
function checkExtras(metadata: Value | undefined, machine: Caller): void {
  if (metadata === undefined || metadata === null) return;
  const plain = metadata instanceof PickledDict && metadata.size <= 2; // conj and neg
  if (!plain || (metadata.size > 0 && [...metadata.entries.values()].some((set) => set !== false)))
    machine.refuse('a tensor is conjugated or negated', 'save it after resolve_conj() and resolve_neg()');
}

const parameter: Call = ([data], machine) =>
  data instanceof PthTensor ? data : machine.refuse(`a parameter is made of ${describe(data)}`);

/** `_rebuild_from_type_v2(function, type, arguments, state)`: a tensor that has attributes, which are not kept. */
const fromType: Call = ([rebuild, , args], machine) => {
  if (!(rebuild instanceof PickledGlobal) || rebuild.isClass || !rebuild.call || !(args instanceof PickledTuple))
    return machine.refuse(`a tensor is made by ${describe(rebuild)}`);
  const made = rebuild.call === fromType ? undefined : rebuild.call(args.items, machine);
  return made instanceof PthTensor ? made : machine.refuse(`a tensor is made by ${describe(rebuild)}`);
};

function tensorFunctions(storages: Storages): Record<string, Call> {
  return {
    'torch._utils\n_rebuild_tensor': (args, machine) => storages.tensor(args, machine),
    'torch._utils\n_rebuild_tensor_v2': (args, machine) => {
      checkExtras(args[6], machine);
      return storages.tensor(args, machine);
    },
    'torch._utils\n_rebuild_tensor_v3': (args, machine) => {
      checkExtras(args[7], machine);
      return storages.tensor(args, machine, args[6] ?? null);
    },
    'torch._utils\n_rebuild_parameter': parameter,
    'torch._utils\n_rebuild_parameter_with_state': parameter,
    'torch._tensor\n_rebuild_from_type_v2': fromType,
    '_codecs\nencode': encode,
  };
}

/** Classes that may be called; those without a call may only be mentioned. */
const classes: Record<string, Call | undefined> = {
  'collections\nOrderedDict': orderedDict,
  'collections\ndefaultdict': defaultDict,
  'collections\nCounter': counter,
  'argparse\nNamespace': (args, machine) => {
    atMost(args, 0, machine);
    return new PickledDict('merge');
  },
  'torch\nSize': size,
  'torch\ndevice': device,
  'torch\nTensor': undefined,
  'torch.nn.parameter\nParameter': undefined,
};

/** Python's own classes, which Python 2 keeps in another module. */
const builtins: Record<string, Call | undefined> = {
  set,
  frozenset: set,
  bytes: emptyBytes,
  bytearray: (args, machine) => {
    atMost(args, 1, machine);
    const [content = new Uint8Array()] = args;
    return content instanceof Uint8Array ? content : machine.refuse(`a bytearray is made of ${describe(content)}`);
  },
  dict: undefined,
  list: undefined,
  tuple: undefined,
  int: undefined,
  float: undefined,
  bool: undefined,
  str: undefined,
};

const dotted = (key: string) => key.replace('\n', '.');

/** The table of one file, whose tensors are made on its storages. */
export function pthGlobals(storages: Storages): Map<string, Value> {
  const table = new Map<string, Value>(numpyGlobals);
  const put = (key: string, value: PickledObject) => table.set(key, value);
  const pythons = ['builtins', '__builtin__'].flatMap((module) =>
    Object.entries(builtins).map(([name, call]) => [`${module}\n${name}`, call] as const),
  );
  for (const [key, call] of [...Object.entries(classes), ...pythons]) put(key, new PickledGlobal(dotted(key), call));
  for (const [key, call] of Object.entries(tensorFunctions(storages)))
    put(key, new PickledGlobal(dotted(key), call, false));
  for (const [key, what] of Object.entries(otherTensors)) {
    const refuse: Call = (_, machine) => machine.refuse(`it holds ${what}; dense tensors are read`, 'convert it first');
    put(key, new PickledGlobal(dotted(key), refuse, false));
  }
  for (const [name, element] of Object.entries(torchTypes))
    put(`torch\n${name}`, new TorchType(`torch.${name}`, element));
  for (const [name, element] of Object.entries(storageTypes)) {
    const type = new StorageType(`torch.${name}`, element);
    for (const module of ['torch', 'torch.storage', 'torch.cuda']) put(`${module}\n${name}`, type);
  }
  return table;
}
