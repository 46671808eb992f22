// Sampling a batch of images, scale by scale: a stream of records that command line, evaluation and studio consume.
// Image i draws from a generator of its own, seeded by (its seed, scale index): it draws the same numbers in any batch. Matrix products and
// convolutions round differently in batches of different size, so images are computed one by one where they must not depend on it at all.
// Legend: B images, N tokens of a scale, V codes.
import type { ScaleTransformer } from '../models/index.js';
import { sameScale, type Scale, type Scales, sizeOf, type Tokenizer, tokensOf } from '../tokenizers/index.js';
import { holdCasts, keep, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { checkLabels, type Label } from './condition.js';
import { type GivenTokens, Group, type ScaleChoice } from './group.js';
import { type Guidance, guidanceWeights } from './guidance.js';

/** One value for all scales, or one a scale. */
export type PerScale<T> = T | readonly T[];

/** What is asked of the sampler. */
export interface SampleOptions {
  /** Class of each image, a mixture of classes, or the generator's `nullClass` for none. */
  labels: readonly Label[];
  /** Seed of each image. */
  seeds: readonly number[];
  scales: Scales;
  guidance?: Guidance;
  /** Draw from the k most probable codes; 0 for all. */
  topK?: PerScale<number> | undefined;
  /** Draw from the most probable codes that make up this mass; 0 for all. */
  topP?: PerScale<number> | undefined;
  /** Divides the logits; 1 by default. */
  temperature?: PerScale<number> | undefined;
  /** Scales at which the most probable token is taken; `published`: those at which the family's own sampler does so. */
  greedyScales?: readonly Scale[] | 'published' | undefined;
  /** Codes that are never drawn. */
  invalidIds?: readonly number[];
  /** Mix codes instead of choosing one at each position: smoother pictures, for the families that allow it. */
  smooth?: boolean;
  /** Tokens that stand instead of sampled ones, by scale index. */
  given?: readonly (GivenTokens | undefined)[];
  precision?: 'float32' | 'bfloat16';
  device?: string;
  /**
   * Whether each image is computed by itself, so that it comes out the same, bit for bit, in any batch. By default so in float32. Computing
   * them together takes less time (about half with small models) and differs in the last bits.
   */
  independent?: boolean;
}

/** One scale of a batch that is being sampled. */
export interface ScaleRecord {
  index: number;
  scale: Scale;
  /** Tokens chosen at this scale [B, N]. Valid until the next record. */
  indices_BN: Tensor;
  /** The images of what is sampled so far [B, 3, H, W], clamped to [−1, 1]; belongs to the caller's scope. Call it before the next record. */
  image(): Tensor;
  /** The guided logits that the tokens were chosen from [B, N, V], float32; −∞ for invalid codes. Valid until the next record. */
  logits_BNV: Tensor;
}

function check(generator: ScaleTransformer, tokenizer: Tokenizer, options: SampleOptions): void {
  const { labels, seeds, scales, invalidIds = [], given = [] } = options;
  if (labels.length !== seeds.length || labels.length === 0)
    throw new UsageError(
      `sample: expected one seed for each label, got ${labels.length} labels and ${seeds.length} seeds`,
    );
  checkLabels(generator, labels);
  if (!scales.length || !scales.every((scale) => sizeOf(scale).every((side) => Number.isInteger(side) && side > 0)))
    throw new UsageError(`sample: expected a list of sides such as 1,2,4, got [${scales.join(', ')}]`);
  const codes = generator.config.vocabularySize;
  for (const id of invalidIds)
    if (!Number.isInteger(id) || id < 0 || id >= codes)
      throw new UsageError(`sample: expected invalid codes of 0 to ${codes - 1}, got ${id}`);
  if (new Set(invalidIds).size === codes) throw new UsageError('sample: all codes are invalid, none is left to draw');
  if (options.smooth && !tokenizer.pyramid(scales).pushCodes)
    throw new UsageError(`sample: the codes of a ${tokenizer.family} tokenizer cannot be mixed; sample without smooth`);
  given.forEach((one, i) => {
    const expected = [labels.length, tokensOf(scales[i] ?? 0)].join('×');
    for (const part of one ? [one.indices_BN, one.kept_BN ?? one.indices_BN] : [])
      if (part.shape.join('×') !== expected)
        throw new UsageError(`sample: expected given tokens of shape ${expected} at scale ${i}, got ${part.shape.join('×')}`); // prettier-ignore
  });
}

/** The value of every scale. */
function perScale(name: string, value: PerScale<number> | undefined, otherwise: number, scales: Scales): number[] {
  if (typeof value !== 'object') return scales.map(() => value ?? otherwise);
  if (value.length === scales.length) return [...value];
  throw new UsageError(
    `sample: expected one ${name}, or one for each of the ${scales.length} scales, got ${value.length}`,
  );
}

/** How the tokens of every scale are chosen. */
function choicesOf({ habits }: ScaleTransformer, options: SampleOptions): ScaleChoice[] {
  const { scales, guidance, greedyScales = [], given = [] } = options;
  const weights = guidance ? guidanceWeights(guidance, scales, habits) : scales.map(() => 0);
  const topK = perScale('top-k', options.topK, 0, scales);
  const topP = perScale('top-p', options.topP, 0, scales);
  const temperature = perScale('temperature', options.temperature, 1, scales);
  for (const one of temperature)
    if (!(one > 0)) throw new UsageError(`sample: the temperature must be above 0, got ${one}`);
  const greedy = (scale: Scale) =>
    greedyScales === 'published' ? !habits.draws(scale) : greedyScales.some((one) => sameScale(one, scale));
  return scales.map((scale, i) => ({
    weight: weights[i]!,
    topK: topK[i]!,
    topP: topP[i]!,
    temperature: temperature[i]!,
    greedy: greedy(scale),
    given: given[i],
  }));
}

/** Samples a batch; records come in order of the scales, the last one's `image()` is the result. */
export function* sample(
  generator: ScaleTransformer,
  tokenizer: Tokenizer,
  options: SampleOptions,
): globalThis.Generator<ScaleRecord> {
  check(generator, tokenizer, options);
  const { labels, seeds, scales, precision = 'float32', independent = precision === 'float32' } = options;
  const { invalidIds = [], smooth = false, device = 'cpu' } = options;
  const shared = { scales, choices: choicesOf(generator, options), invalidIds, smooth, precision, device };
  const members = independent
    ? labels.map((label, first) => ({ labels: [label], seeds: [seeds[first]!], first }))
    : [{ labels, seeds, first: 0 }];

  const groups: Group[] = [];
  const releaseCasts = holdCasts();
  try {
    for (const member of members) groups.push(new Group(generator, tokenizer, { ...shared, ...member }));
    for (const [index, scale] of scales.entries()) {
      const chosen = scope(() => {
        const parts = groups.map((group) => group.advance());
        return {
          indices_BN: ops.cat(parts.map((part) => part.indices_BN), 0), // prettier-ignore
          logits_BNV: ops.cat(parts.map((part) => part.logits_BNV), 0), // prettier-ignore
        };
      });
      using indices_BN = keep(chosen.indices_BN);
      using logits_BNV = keep(chosen.logits_BNV);
      const image = () => scope(() => ops.cat(groups.map((group) => group.image()), 0)); // prettier-ignore
      yield { index, scale, indices_BN, logits_BNV, image };
    }
  } finally {
    for (const group of groups) group.dispose();
    releaseCasts();
  }
}
