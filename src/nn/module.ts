// Module: named parameters in a tree. The published state-dict names are given explicitly where a member is added, so a published
// checkpoint loads without a table of renames. Modules start uninitialised: initialisers are functions.
import { empty, keep, noGrad, op, scope, type Tensor, type ToOptions } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';
import type { TensorsByName } from './weights.js';

let setData: ((self: Tensor, data: Tensor) => void) | undefined;

/** Replaces a parameter's storage, keeping the parameter itself: its handle, its place in optimisers. */
export function replaceData(parameter: Tensor, data: Tensor): void {
  setData ??= op('aten::set_data') as (self: Tensor, data: Tensor) => void;
  setData(parameter, data);
}

/** A parameter of a shape, not yet initialised. */
export function parameter(shape: readonly number[]): Tensor {
  const made = keep(empty(shape));
  made.requiresGrad = true;
  return made;
}

const shapesOf = (tensors: ReadonlyMap<string, Tensor>) =>
  new Map(Array.from(tensors, ([name, one]) => [name, one.shape]));

/** Every parameter has a tensor of its shape, and every tensor is a parameter's or ignored. */
function checkShapes(
  own: ReadonlyMap<string, Tensor>,
  shapes: ReadonlyMap<string, readonly number[]>,
  where: string,
  ignored?: RegExp,
): void {
  for (const name of shapes.keys()) {
    if (own.has(name) || ignored?.test(name)) continue;
    throw new UsageError(
      `${where}: unexpected tensor '${name}'${didYouMean(name, own.keys())} (is it another model's?)`,
    );
  }
  for (const [name, target] of own) {
    const shape = shapes.get(name);
    if (!shape) throw new UsageError(`${where}: expected a tensor '${name}', found none (is it another model's?)`);
    const [expected, found] = [target.shape.join('×'), shape.join('×')];
    if (expected !== found)
      throw new UsageError(`${where}: '${name}' should be ${expected}, is ${found}: the configuration differs`);
  }
}

/** A part of a model. */
export abstract class Module {
  /** Whether stochastic depth and the like are on. */
  training = true;
  readonly #members = new Map<string, Tensor | Module>();

  /** Adds a parameter or a part under its published name, which may hold dots (`ada_lin.1`). */
  protected add<T extends Tensor | Module>(name: string, member: T): T {
    if (this.#members.has(name)) throw new Error(`internal: two members named ${name}`);
    this.#members.set(name, member);
    return member;
  }

  /** Adds a list of parts under `name.0`, `name.1`, … */
  protected addList<T extends Module>(name: string, members: T[]): T[] {
    members.forEach((member, i) => this.add(`${name}.${i}`, member));
    return members;
  }

  /** Every parameter with its full name, in the order of construction. */
  *namedParameters(prefix = ''): Generator<[string, Tensor]> {
    for (const [name, member] of this.#members) {
      if (member instanceof Module) yield* member.namedParameters(`${prefix}${name}.`);
      else yield [prefix + name, member];
    }
  }

  /** Every parameter. */
  parameters(): Tensor[] {
    return Array.from(this.namedParameters(), ([, one]) => one);
  }

  /** Number of parameter elements. */
  parameterCount(): number {
    return this.parameters().reduce((sum, one) => sum + one.numel, 0);
  }

  /** This module and all parts below it. */
  *modules(): Generator<Module> {
    yield this;
    for (const member of this.#members.values()) if (member instanceof Module) yield* member.modules();
  }

  /** Parameters by full name: the live ones, not copies. */
  stateDict(): Map<string, Tensor> {
    return new Map(this.namedParameters());
  }

  /**
   * Copies tensors into the parameters of the same names.
   * @param source all tensors, or an open file of them, which is read tensor by tensor: there is never more than one beside the parameters
   * @param ignored names that published checkpoints carry but that are rebuilt here
   * @throws UsageError naming the first tensor that is missing, unknown, or of another shape
   */
  loadStateDict(source: ReadonlyMap<string, Tensor> | TensorsByName, where = 'state dict', ignored?: RegExp): void {
    const own = this.stateDict();
    checkShapes(own, 'shapes' in source ? source.shapes : shapesOf(source), where, ignored);
    noGrad(() => {
      for (const [name, target] of own) {
        if ('shapes' in source) {
          using read = source.tensor(name);
          target.copy_(read);
        } else target.copy_(source.get(name)!);
      }
    });
  }

  /** Switches this and all parts to training or evaluation. */
  train(on = true): this {
    for (const one of this.modules()) one.training = on;
    return this;
  }
  eval(): this {
    return this.train(false);
  }

  /** Turns gradients of all parameters on or off. */
  requireGrad(on: boolean): this {
    for (const one of this.parameters()) one.requiresGrad = on;
    return this;
  }

  /** Moves all parameters to a device; 4-D ones to a memory format where one is given. */
  to({ device, memoryFormat }: Omit<ToOptions, 'dtype'>): this {
    for (const one of this.parameters()) {
      const format = one.shape.length === 4 ? memoryFormat : undefined;
      scope(() => {
        const moved = one.detach().to({ device, memoryFormat: format });
        if (moved.device !== one.device || format !== undefined) replaceData(one, moved);
      });
    }
    return this;
  }

  /** Frees all parameters. */
  dispose(): void {
    for (const one of this.parameters()) one.dispose();
  }
}
