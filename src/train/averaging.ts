// Gradients averaged over processes: by c10d's reducer while backward is still under way, or after it where backward goes in pieces.
import { ops, Reducer, scope, type Tensor } from '../torch/index.js';
import type { World } from './world.js';

const bucketBytes = 25 * 2 ** 20; // PyTorch's own

/** What a step calls around the backward of its last micro-batch; the backwards before it only add up gradients. */
export interface Averaging {
  before(): void;
  after(): void;
  dispose(): void;
}

const nothing = () => undefined;

/** Parameters in buckets, the last first, as their gradients come. */
function bucketsOf(parameters: readonly Tensor[]): Tensor[][] {
  const buckets: Tensor[][] = [];
  let bytes = Infinity;
  for (const one of [...parameters].reverse()) {
    if (bytes + one.numel * 4 > bucketBytes) {
      buckets.push([]);
      bytes = 0;
    }
    buckets.at(-1)!.push(one);
    bytes += one.numel * 4;
  }
  return buckets;
}

/**
 * The averaging of a model's gradients in a world; undefined in a world of one.
 * @param whole whether backward reaches every parameter once; it does not where segments are computed again, then there is no overlap
 */
export function averagingOf({ group }: World, parameters: readonly Tensor[], whole: boolean): Averaging | undefined {
  if (!group) return undefined;
  if (whole) {
    const reducer = new Reducer(group, parameters, { bucketBytes });
    return {
      before: () => {
        reducer.prepareForward();
        reducer.prepareBackward();
      },
      after: nothing,
      dispose: () => {
        reducer.dispose();
      },
    };
  }
  return {
    before: nothing,
    dispose: nothing,
    after: () => {
      for (const bucket of bucketsOf(parameters))
        scope(() => {
          const gradients = bucket.flatMap((one) => one.grad ?? []);
          if (!gradients.length) return;
          const flat = ops.cat(gradients.map((one) => one.flatten()), 0); // prettier-ignore
          group.allReduce([flat], 'mean');
          let start = 0;
          for (const one of gradients) {
            one.copy_(flat.narrow(0, start, one.numel).view(one.shape));
            start += one.numel;
          }
        });
    },
  };
}
