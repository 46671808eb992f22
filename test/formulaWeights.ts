// Fills a network by the hash formula, so that no weights have to be stored: the programs in test/programs do the same.
import { hashSequence } from '../src/golden/hash.js';
import type { Module } from '../src/nn/index.js';
import { noGrad, scope, tensor } from '../src/torch/index.js';

/** Offset and bound of a tensor's values, by its name and shape. */
export type Range = (name: string, shape: readonly number[]) => readonly [offset: number, bound: number];

/** Fills every parameter. */
export function fillByFormula(module: Module, seed: number, range: Range): void {
  noGrad(() => {
    for (const [name, parameter] of module.namedParameters())
      scope(() => {
        const { shape, numel } = parameter;
        const [offset, bound] = range(name, shape);
        parameter.copy_(tensor(hashSequence(name, numel, seed, offset, bound), { shape }));
      });
  });
}

/** As `value_range` of test/programs/inception.py. */
export const inceptionRange: Range = (name, shape) => {
  if (name.endsWith('running_var')) return [1, 0.3];
  if (name.endsWith('bn.weight')) return [1, 0.1];
  return shape.length === 1 ? [0, 0.05] : [0, Math.sqrt(6 / shape.slice(1).reduce((a, b) => a * b))];
};

/** As `value_range` of test/programs/vision.py. */
export const visionRange: Range = (name, shape) => {
  if (name.endsWith('lambda1')) return [0.6, 0.3];
  if (name.includes('norm') && name.endsWith('weight')) return [1, 0.1];
  if (/position_embedding|cls_token$|class_embedding$/.test(name)) return [0, 0.5];
  return shape.length === 1 ? [0, 0.05] : [0, Math.sqrt(3 / shape.slice(1).reduce((a, b) => a * b))];
};
