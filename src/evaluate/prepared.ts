// Metrics of resamples with tensors that are prepared once, when the first resample is asked for: of many figures nobody asks for the noise.
import { keep, noGrad, scope, type Tensor } from '../torch/index.js';
import type { Resampled } from './bootstrap.js';

/**
 * A metric of resampled images; dispose of it to free what was prepared.
 * @param count images there are
 * @param prepare makes the tensors that `of` needs, in a scope of its own
 */
export function prepared<T extends Readonly<Record<string, Tensor>>>(
  count: number,
  prepare: () => T,
  of: (tensors: T, index_n: Tensor) => number,
): Resampled & Disposable {
  let tensors: T | undefined;
  const make = () => {
    const made = noGrad(() => scope(prepare));
    for (const one of Object.values(made)) keep(one);
    return made;
  };
  return {
    count,
    of: (index_n) => {
      tensors ??= make();
      return noGrad(() => scope(() => of(tensors!, index_n)));
    },
    [Symbol.dispose]() {
      for (const one of Object.values(tensors ?? {})) one.dispose();
      tensors = undefined;
    },
  };
}
