// What a golden check says: one line each, and whether it holds.
import type { Tensor } from '../torch/index.js';
import { noGrad, scope } from '../torch/index.js';

/** The outcome of one comparison. */
export interface Check {
  name: string;
  ok: boolean;
  /** What was measured, e.g. `relative error 2.1e-7 (at most 1e-4)`. */
  detail: string;
}

/** ‖found − expected‖ / ‖expected‖ at most `tolerance`. */
export function compareFloats(name: string, found: Tensor, expected: Tensor, tolerance = 1e-4): Check {
  if (found.shape.join() !== expected.shape.join())
    return {
      name,
      ok: false,
      detail: `expected shape [${expected.shape.join(', ')}], got [${found.shape.join(', ')}]`,
    };
  const error = noGrad(() =>
    scope(() => {
      const [a, b] = [found.to('float64'), expected.to('float64')];
      return a.sub(b).linalgVectorNorm().item() / Math.max(b.linalgVectorNorm().item(), 1e-30);
    }),
  );
  return { name, ok: error <= tolerance, detail: `relative error ${error.toExponential(1)} (at most ${tolerance})` };
}

/** A number against a golden one, relative. */
export function compareNumber(name: string, found: number, expected: number, tolerance: number): Check {
  const error = Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-30);
  return {
    name,
    ok: error <= tolerance,
    detail: `${found} against ${expected}, relative error ${error.toExponential(1)} (at most ${tolerance})`,
  };
}

/** Integers that must all be equal; `counted` [same shape] leaves out those it marks 0, where a margin is too small to decide. */
export function compareIntegers(name: string, found: Tensor, expected: Tensor): Check {
  if (found.shape.join() !== expected.shape.join())
    return {
      name,
      ok: false,
      detail: `expected shape [${expected.shape.join(', ')}], got [${found.shape.join(', ')}]`,
    };
  const differing = scope(() => found.ne(expected).sum().item());
  return { name, ok: differing === 0, detail: `${differing} of ${expected.numel} differ` };
}
