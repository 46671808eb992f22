// Building an ONNX graph: inputs, weights, nodes and outputs, in the order in which they compute. Names follow the modules they come from.
import { create } from '@bufbuild/protobuf';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.js';

/** The name of a value that flows through a graph. */
export type Value = string & { readonly value: unique symbol };

/** Element types of inputs and constants. */
export type ElementType = 'float32' | 'int32' | 'int64';

/** Sizes of a shape: numbers, or names of those that differ from call to call. */
export type Dimensions = readonly (number | string)[];

/** An attribute: a bigint is ONNX's INT, several are INTS; a number is FLOAT, a text STRING. */
export type Attribute = bigint | readonly bigint[] | number | string;

/** A constant of the graph, whose bytes (little-endian, row-major) are asked for when they are written. */
export interface Initializer {
  name: string;
  type: ElementType;
  shape: readonly number[];
  byteLength: number;
  bytes: () => Uint8Array;
}

const dataTypes: Record<ElementType, DataType> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
};

/** ONNX's number of an element type. */
export function dataType(type: ElementType): DataType {
  return dataTypes[type];
}

function attributeOf(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: Kind.INT, i: value });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: value });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: Kind.STRING, s: Buffer.from(value) });
  return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: [...value] });
}

function valueInfo(name: string, type: ElementType, dimensions: Dimensions): ValueInfoProto {
  const dim = dimensions.map((size) => ({
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : ({ case: 'dimParam', value: size } as const),
  }));
  const value = { elemType: dataTypes[type], shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}

/** A graph that is being built. */
export class Graph {
  readonly inputs: ValueInfoProto[] = [];
  readonly outputs: ValueInfoProto[] = [];
  readonly nodes: NodeProto[] = [];
  readonly initializers: Initializer[] = [];
  readonly #constants = new Map<string, Value>();
  #prefix = '';
  #count = 0;

  constructor(
    readonly name: string,
    /** What it computes, for people who open the file. */
    readonly description: string,
  ) {}

  /** An input of the graph. */
  input(name: string, type: ElementType, dimensions: Dimensions): Value {
    this.inputs.push(valueInfo(name, type, dimensions));
    return name as Value;
  }

  /** Makes a float32 value an output of the graph, under a name. */
  output(name: string, value: Value, dimensions: Dimensions): void {
    this.nodes.push(create(NodeProtoSchema, { name: `output/${name}`, opType: 'Identity', input: [value], output: [name] })); // prettier-ignore
    this.outputs.push(valueInfo(name, 'float32', dimensions));
  }

  /** Names what `body` adds after the module it comes from. */
  within<T>(module: string, body: () => T): T {
    const before = this.#prefix;
    this.#prefix = `${before}${module}/`;
    try {
      return body();
    } finally {
      this.#prefix = before;
    }
  }

  /**
   * A weight, under its module's name; float32 whatever it is held in.
   * @param made what the graph reads of it, where that is not the weight itself: it is made anew, and freed, when it is written
   */
  weight(name: string, shape: readonly number[], made: () => Tensor): Value {
    const full = this.#prefix + name;
    const byteLength = 4 * shape.reduce((product, size) => product * size, 1);
    const bytes = () => bytesOf(made, shape, full);
    this.initializers.push({ name: full, type: 'float32', shape, byteLength, bytes });
    return full as Value;
  }

  /** A constant list of whole numbers, as shapes and axes are given. */
  integers(values: readonly number[]): Value {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`integers ${values.join(' ')}`, 'int64', [values.length], data);
  }

  /** A constant number. */
  number(value: number): Value {
    return this.#constant(`number ${value}`, 'float32', [], new Uint8Array(Float32Array.of(value).buffer));
  }

  /** A constant vector. */
  numbers(values: readonly number[]): Value {
    const data = new Uint8Array(Float32Array.from(values).buffer);
    return this.#constant(`numbers ${values.join(' ')}`, 'float32', [values.length], data);
  }

  /** A constant vector of one number. */
  filled(value: number, length: number): Value {
    const data = new Uint8Array(new Float32Array(length).fill(value).buffer);
    return this.#constant(`${length} times ${value}`, 'float32', [length], data);
  }

  #constant(name: string, type: ElementType, shape: readonly number[], data: Uint8Array): Value {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    this.initializers.push({ name, type, shape, byteLength: data.byteLength, bytes: () => data });
    this.#constants.set(name, name as Value);
    return name as Value;
  }

  /** A node of one result. */
  node(operator: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.several(operator, inputs, 1, attributes)[0]!;
  }

  /** A node of several results. */
  several(
    operator: string,
    inputs: readonly Value[],
    results: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const name = `${this.#prefix}${operator} ${++this.#count}`;
    const output = Array.from({ length: results }, (_, i) => (results === 1 ? name : `${name}.${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
    this.nodes.push(create(NodeProtoSchema, { name, opType: operator, input: [...inputs], output, attribute }));
    return output as Value[];
  }
}

function bytesOf(made: () => Tensor, shape: readonly number[], name: string): Uint8Array {
  return noGrad(() =>
    scope(() => {
      const tensor = made().to('float32');
      if (tensor.shape.join() === shape.join()) return tensor.bytes();
      throw new Error(`internal: ${name} is [${tensor.shape.join(', ')}], not [${shape.join(', ')}]`);
    }),
  );
}
