// Gradients averaged over processes: by c10d's reducer while backward is still under way, or after it where backward goes in pieces.
import { ops, Reducer, scope, type Tensor } from '../torch/index.js';
import type { World } from './world.js';

const bucketBytes = 25 * 2 ** 20; // PyTorch's own

/** What a step calls around the backward of its last micro-batch; the backwards before it only add up gradients. */
export interface Averaging {
  /** @param loss where that backward begins */
  before(loss: Tensor): void;
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

/** How backward reaches the parameters: `once` each, in several `pieces` (segments are computed again), or only `some` of them. */
export type Reach = 'once' | 'pieces' | 'some';

/** The averaging of a model's gradients in a world; undefined in a world of one. Where backward goes in pieces, nothing overlaps with it. */
export function averagingOf({ group }: World, parameters: readonly Tensor[], reach: Reach): Averaging | undefined {
  if (!group) return undefined;
  if (reach !== 'pieces') {
    const reducer = new Reducer(group, parameters, { bucketBytes, findUnused: reach === 'some' });
    return {
      before: (loss) => {
        reducer.prepareForward();
        reducer.prepareBackward([loss]);
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
          const parts = flat.splitWithSizes(gradients.map((one) => one.numel), 0); // prettier-ignore
          gradients.forEach((one, i) => one.copy_(parts[i]!.view(one.shape)));
        });
    },
  };
}
