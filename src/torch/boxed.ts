// The seam between generated operator wrappers and the addon: lazily resolved operators, and handles made into tensors.
import type { Tensor } from './tensor.js';
import { native, type Handle } from './native.js';

/** An operator in use: its full name, and the argument names that callers give in order. */
export interface Operator {
  readonly name: string;
  readonly args: readonly string[];
  id?: number;
}

/** The addon's number of an operator, looked up once; throws a TypeError that names it where this libtorch has none. */
export function resolved(operator: Operator): number {
  return (operator.id ??= native.resolve(operator.name, operator.args));
}

let make: (handle: Handle) => Tensor;

/** Called once by tensor.ts, which this file must not import: the class extends what is built on this file. */
export function bindTensor(factory: (handle: Handle) => Tensor): void {
  make = factory;
}

/** A tensor for a handle that the addon returned, in the charge of the current scope. */
export function wrap(result: unknown): Tensor {
  return make(result as Handle);
}

/** As `wrap`, for results that may be undefined tensors. */
export function wrapOptional(result: unknown): Tensor | null {
  return result === null ? null : make(result as Handle);
}

/** As `wrap`, for a list of tensors. */
export function wrapList(result: unknown): Tensor[] {
  return (result as Handle[]).map(make);
}

/** What carries a handle: tensors and generators. */
export interface Handled {
  readonly handle: Handle;
}

/** Handles of a list of tensors. */
export function handles(list: readonly Handled[]): Handle[] {
  return list.map((one) => one.handle);
}

/** Handles of a list in which some may be absent. */
export function optionalHandles(list: readonly (Handled | null | undefined)[]): (Handle | null)[] {
  return list.map((one) => one?.handle ?? null);
}
