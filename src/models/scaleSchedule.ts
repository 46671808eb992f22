// Which scales a training step uses: a fixed list, or one drawn anew at every step as FlexVAR does. And lists to sample with: the published
// ones, and any of them stretched to another size.
import { sameScale, type Scale, type Scales, sizeOf, tokenCount, tokensOf } from '../tokenizers/scales.js'; // without libtorch: the studio's server stretches lists too

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

/** The lists of scales that FlexVAR's authors evaluate with, by their length: 15 scales make 512 pixels, all others 256. */
export const publishedScales: Readonly<Record<number, readonly number[]>> = {
  6: [1, 2, 4, 6, 10, 16],
  8: [1, 2, 3, 5, 7, 10, 13, 16],
  9: [1, 2, 3, 4, 5, 7, 10, 13, 16],
  10: flexVarScales.defaults,
  11: [1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 16],
  12: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16],
  13: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16],
  14: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16],
  15: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 23, 32],
};

/**
 * A list of scales that ends at `size` and grows as `scales` do: each side is stretched as the last one is, and rounded. A single token stays
 * one, since that is what generators begin with; a scale that comes out like the one before it is left out.
 */
export function stretchScales(scales: Scales, size: readonly [height: number, width: number]): Scale[] {
  const [height, width] = sizeOf(scales.at(-1)!);
  const [tall, wide] = [size[0] / height, size[1] / width];
  const stretched = scales.map((scale, i): Scale => {
    if (tokensOf(scale) === 1 && i < scales.length - 1) return 1;
    const [h, w] = sizeOf(scale);
    const sides = [Math.max(1, Math.round(h * tall)), Math.max(1, Math.round(w * wide))] as const;
    return sides[0] === sides[1] ? sides[0] : sides;
  });
  return stretched.filter((scale, i) => i === 0 || !sameScale(scale, stretched[i - 1]!));
}
