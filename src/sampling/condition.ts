// What an image is asked to be: a class, no class, or a mixture of classes.
// Legend: B images, C width.
import type { ScaleTransformer } from '../models/index.js';
import { ops, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** A class (the generator's `nullClass` for none), or classes with weights, which are normalised. */
export type Label = number | readonly (readonly [label: number, weight: number])[];

const partsOf = (label: Label) => (typeof label === 'number' ? ([[label, 1]] as const) : label);

/** Refuses classes that a generator does not have, and mixtures of nothing. */
export function checkLabels({ nullClass }: ScaleTransformer, labels: readonly Label[]): void {
  for (const label of labels) {
    for (const [one] of partsOf(label))
      if (!Number.isInteger(one) || one < 0 || one > nullClass)
        throw new UsageError(`sample: expected classes 0 to ${nullClass - 1} (or ${nullClass} for none), got ${one}`);
    const weights = partsOf(label).map(([, weight]) => weight);
    if (!weights.every((weight) => weight >= 0) || !(weights.reduce((a, b) => a + b, 0) > 0))
      throw new UsageError(`sample: the weights of mixed classes must be positive, got ${weights.join(', ')}`);
  }
}

/** Conditions [B, C]: class embeddings, or their weighted means. */
export function conditionOf(generator: ScaleTransformer, labels: readonly Label[], device: string): Tensor {
  const embed = (classes: readonly number[]) => generator.condition(tensor([...classes], { dtype: 'int64', device }));
  if (labels.every((label) => typeof label === 'number')) return embed(labels);
  const rows = labels.map((label) => {
    const parts = partsOf(label);
    const total = parts.reduce((sum, [, weight]) => sum + weight, 0);
    const terms = parts.map(([one, weight]) => embed([one]).mul(weight / total));
    return terms.reduce((sum, term) => sum.add(term));
  });
  return ops.cat(rows, 0);
}
