// Any operator of libtorch's dispatcher by its full name, its arguments checked and its results wrapped by the schema.
// The operators in everyday use have generated wrappers (generated/operators.ts), which are faster and typed.
import { dtypeCode, memoryFormatCode, type DType, type MemoryFormat } from './dtype.js';
import { native } from './native.js';
import { Generator } from './random.js';
import { Tensor } from './tensor.js';
import { wrap, wrapOptional } from './boxed.js';

/** Whether this libtorch has an operator, e.g. `aten::_fused_adamw_`. */
export function has(name: string): boolean {
  return native.schema(name) !== null;
}

/** The schema of an operator as libtorch prints it, or null where it has none. */
export function schema(name: string): string | null {
  return native.schema(name);
}

/** Full names of all operators with a schema. */
export function operatorNames(): string[] {
  return native.operatorNames();
}

type Convert = (value: unknown, where: string) => unknown;

function refuse(where: string, expected: string, value: unknown): never {
  const got = value instanceof Tensor ? 'a Tensor' : value === null ? 'null' : `a ${typeof value}`;
  throw new TypeError(`${where}: expected ${expected}, got ${got}`);
}

const tensorToHandle: Convert = (value, where) =>
  value instanceof Tensor ? value.handle : refuse(where, 'a Tensor', value);
const generatorToHandle: Convert = (value, where) =>
  value instanceof Generator ? value.handle : refuse(where, 'a Generator', value);
const plain: Convert = (value, where) =>
  value instanceof Tensor || value instanceof Generator ? refuse(where, 'a plain value', value) : value;

function converter(type: string): Convert {
  if (type.startsWith('Optional[') || type.endsWith('?')) {
    const inner = converter(type.endsWith('?') ? type.slice(0, -1) : type.slice('Optional['.length, -1));
    return (value, where) => (value === null || value === undefined ? value : inner(value, where));
  }
  if (type.endsWith('[]')) {
    const element = converter(type.slice(0, -2));
    return (value, where) => {
      if (!Array.isArray(value)) return plain(value, where); // one number may stand for int[2]; the addon decides
      return value.map((one, i) => element(one, `${where}[${i}]`));
    };
  }
  if (type === 'Tensor') return tensorToHandle;
  if (type === 'Generator') return generatorToHandle;
  if (type === 'ScalarType') return (value) => (typeof value === 'string' ? dtypeCode(value as DType) : value);
  if (type === 'MemoryFormat')
    return (value) => (typeof value === 'string' ? memoryFormatCode(value as MemoryFormat) : value);
  return plain;
}

type Unwrap = (value: unknown) => unknown;

function unwrapper(type: string): Unwrap {
  if (type === 'Tensor') return wrapOptional;
  if (type === 'Tensor[]') return (value) => (value as unknown[]).map(wrap);
  if (type.includes('Tensor') && type.endsWith('[]')) return (value) => (value as unknown[]).map(wrapOptional);
  return (value) => value;
}

/**
 * A function that calls the operator of this name with positional arguments in the order of its schema (keyword-only ones last).
 * @throws TypeError where this libtorch has no such operator or does not check its arguments, or on a call with an argument of the wrong kind;
 * TorchError where libtorch refuses.
 * @example op('aten::add.Tensor')(a, b)
 */
export function op(name: string): (...args: unknown[]) => unknown {
  return caller(name, native.resolve(name));
}

/**
 * As `op`, also for the operators that it refuses: kernels of libtorch that do not check their arguments (native/README.md says which).
 * The caller answers for shapes, dtypes and values: wrong ones can end the process.
 */
export function uncheckedOp(name: string): (...args: unknown[]) => unknown {
  return caller(name, native.resolve(name, undefined, true));
}

function caller(name: string, id: number): (...args: unknown[]) => unknown {
  const [parameters, results] = native.signature(name);
  const converters = parameters.map(([argument, type]) => ({ argument, convert: converter(type) }));
  const unwrappers = results.map(([, type]) => unwrapper(type));
  return (...args) => {
    const given = args.map((value, i) => {
      const parameter = converters[i];
      if (!parameter)
        throw new TypeError(`${name}: expected at most ${converters.length} arguments, got ${args.length}`);
      return value === undefined ? undefined : parameter.convert(value, `${name}: argument '${parameter.argument}'`);
    });
    const result = native.call(id, ...given);
    if (unwrappers.length <= 1) return unwrappers[0] ? unwrappers[0](result) : undefined;
    return (result as unknown[]).map((value, i) => unwrappers[i]!(value));
  };
}
