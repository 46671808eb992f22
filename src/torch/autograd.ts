// Automatic differentiation and the modes around it: gradients on or off, mixed precision, straight-through values.
import { handles, wrapOptional } from './boxed.js';
import { dtypeCode } from './dtype.js';
import { native } from './native.js';
import type { Tensor } from './tensor.js';

function withGradMode<T>(on: boolean, body: () => T): T {
  const before = native.setGradMode(on);
  try {
    return body();
  } finally {
    native.setGradMode(before);
    // weights that were cast without recording must not serve what is recorded later: their gradients would be lost
    if (before && !on && autocastDepth > 0) native.clearAutocastCache();
  }
}

/** Runs `body` without recording anything for backward. */
export function noGrad<T>(body: () => T): T {
  return withGradMode(false, body);
}

/** Runs `body` with recording on, also inside `noGrad`. */
export function enableGrad<T>(body: () => T): T {
  return withGradMode(true, body);
}

/** Whether operators are recorded for backward here and now. */
export function gradEnabled(): boolean {
  const on = native.setGradMode(true);
  native.setGradMode(on);
  return on;
}

/** Options of mixed precision. */
export interface AutocastOptions {
  /** `cpu` or `cuda`. */
  device?: string;
  /** The low precision; `float32` switches autocast off for `body`. */
  dtype?: 'bfloat16' | 'float16' | 'float32';
}

let autocastDtype: NonNullable<AutocastOptions['dtype']> = 'float32';
let autocastDepth = 0;
let castHolders = 0;

function clearCasts(): void {
  if (autocastDepth === 0 && castHolders === 0) native.clearAutocastCache();
}

/**
 * Keeps the weights that autocast has cast from one `autocast` call to the next, until the returned function is called.
 * For inference in several calls: the weights must not change, and nothing may be differentiated, in between.
 */
export function holdCasts(): () => void {
  castHolders++;
  return () => {
    castHolders--;
    clearCasts();
  };
}

/** The dtype in which matrix products are computed here and now: autocast's, float32 without it. */
export function matrixDtype(): NonNullable<AutocastOptions['dtype']> {
  return autocastDtype;
}

/**
 * Runs `body` under libtorch's autocast: matrix products and convolutions in low precision, the rest as libtorch's lists say.
 * Weights are cast once and kept until the outermost call ends, so the weights must not change inside.
 */
export function autocast<T>({ device = 'cpu', dtype = 'bfloat16' }: AutocastOptions, body: () => T): T {
  const type = device.split(':')[0]!;
  const [enabled, before] = native.setAutocast(type, dtype !== 'float32', dtypeCode(dtype)!);
  const outer = autocastDtype;
  autocastDtype = dtype;
  autocastDepth++;
  try {
    return body();
  } finally {
    native.setAutocast(type, enabled === 1, before);
    autocastDtype = outer;
    autocastDepth--;
    clearCasts();
  }
}

/**
 * Gradients of `outputs` (scalars, unless `seeds` are given) with respect to chosen `inputs`; nothing is added to any `grad`.
 * @returns one gradient an input, null where `allowUnused` and the outputs do not depend on it
 */
export function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: { seeds?: readonly Tensor[]; retainGraph?: boolean; allowUnused?: boolean } = {},
): (Tensor | null)[] {
  const seeds = options.seeds && handles(options.seeds);
  const found = native.gradients(
    handles(outputs),
    handles(inputs),
    seeds,
    options.retainGraph ?? false,
    options.allowUnused ?? false,
  );
  return found.map(wrapOptional);
}

/** `value` going forward, the gradient of `through` going back: the straight-through estimator of a quantiser. Shapes must be equal. */
export function straightThrough(value: Tensor, through: Tensor): Tensor {
  return through.add(value.sub(through).detach());
}
