// What a golden check says: one line each, and whether it holds.
import { noGrad, scope, type Tensor } from '../torch/index.js';

/** The outcome of one comparison. */
export interface Check {
  name: string;
  ok: boolean;
  /** What was measured, e.g. `relative error 2.1e-7 (at most 1e-4)`. */
  detail: string;
}

/** A failing check where the shapes differ, undefined where they are equal. */
function shapesDiffer(name: string, found: Tensor, expected: Tensor): Check | undefined {
  const [a, b] = [found.shape.join(', '), expected.shape.join(', ')];
  return a === b ? undefined : { name, ok: false, detail: `expected shape [${b}], got [${a}]` };
}

/** ‖found − expected‖ / ‖expected‖ at most `tolerance`. */
export function compareFloats(name: string, found: Tensor, expected: Tensor, tolerance = 1e-4): Check {
  const different = shapesDiffer(name, found, expected);
  if (different) return different;
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

/** Integers that must all be equal. */
export function compareIntegers(name: string, found: Tensor, expected: Tensor): Check {
  const different = shapesDiffer(name, found, expected);
  if (different) return different;
  const differing = scope(() => found.ne(expected).sum().item());
  return { name, ok: differing === 0, detail: `${differing} of ${expected.numel} differ` };
}

/**
 * Indices chosen by argmax: they must be equal wherever the margin between the best two decides.
 * @param margins of every index (the same shape), or one number for all of them
 * @param decisive margins above this decide
 * @returns the check, and whether all are equal: where an undecided one differs, later scales, which build on it, cannot be compared
 */
export function compareChoices(
  name: string,
  found: Tensor,
  expected: Tensor,
  margins: Tensor | number,
  decisive = 1e-3,
): { check: Check; equal: boolean } {
  const different = shapesDiffer(name, found, expected);
  if (different) return { check: different, equal: false };
  return scope(() => {
    const differ = found.ne(expected);
    const total = differ.sum().item();
    const decided =
      typeof margins === 'number'
        ? margins > decisive
          ? total
          : 0
        : differ.logicalAnd(margins.gt(decisive)).sum().item();
    const undecided = total - decided;
    const tail = undecided ? `, and ${undecided} whose margin is at most ${decisive}` : '';
    return {
      check: { name, ok: decided === 0, detail: `${decided} of ${expected.numel} differ${tail}` },
      equal: total === 0,
    };
  });
}
