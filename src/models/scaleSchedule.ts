// Which scales a training step uses: a fixed list, or one drawn anew at every step as FlexVAR does.
import { tokenCount } from '../tokenizers/index.js';

/** How random lists of scales are drawn. */
export interface RandomScales {
  /** The list that sampling uses; drawn with `defaultProbability`. */
  defaults: readonly number[];
  defaultProbability: number;
  /** Sides that every list begins with. */
  first: readonly number[];
  /** From each range, `count` distinct sides. */
  groups: readonly { from: number; to: number; count: number }[];
  /** The side that every list ends with, unless the token limit takes it away. */
  last: number;
  /** One uniform number drops an interior scale for each threshold that it exceeds. */
  dropThresholds: readonly number[];
  /** Above this many tokens, random ones of the last four scales are dropped. */
  maxTokens: number;
}

/** FlexVAR's schedule for 16×16 latents. */
export const flexVarScales: RandomScales = {
  defaults: [1, 2, 3, 4, 5, 6, 8, 10, 13, 16],
  defaultProbability: 0.05,
  first: [1, 2],
  groups: [
    { from: 3, to: 10, count: 5 },
    { from: 11, to: 15, count: 2 },
  ],
  last: 16,
  dropThresholds: [0.9, 0.95, 0.98, 0.99],
  maxTokens: 680,
};

function distinct(from: number, to: number, count: number, uniform: () => number): number[] {
  const pool = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return Array.from({ length: count }, () => pool.splice(Math.floor(uniform() * pool.length), 1)[0]!);
}

/** One random list of scales; `uniform` draws numbers in [0, 1). */
export function drawScales(schedule: RandomScales, uniform: () => number): number[] {
  const { defaults, defaultProbability, first, groups, last, dropThresholds, maxTokens } = schedule;
  const scales =
    uniform() < defaultProbability
      ? [...defaults]
      : [...first, ...groups.flatMap(({ from, to, count }) => distinct(from, to, count, uniform)), last];
  scales.sort((a, b) => a - b);
  const drop = (from: number, to: number) => scales.splice(from + Math.floor(uniform() * (to - from)), 1);
  const u = uniform();
  for (const threshold of dropThresholds)
    if (u > threshold && scales.length > first.length + 1) drop(first.length, scales.length - 1);
  while (tokenCount(scales) > maxTokens && scales.length > first.length)
    drop(Math.max(first.length, scales.length - 4), scales.length);
  return scales;
}
