// Sampling a batch of images, scale by scale: a stream of records that command line, evaluation and studio consume.
// Image i draws from a generator of its own, seeded by (its seed, scale index): it draws the same numbers in any batch. Matrix products and
// convolutions round differently in batches of different size, so images are computed one by one where they must not depend on it at all.
// Legend: B images, N tokens of a scale, V codes.
import type { FlexVar } from '../models/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { holdCasts, keep, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { FilterOptions } from './filter.js';
import { Group } from './group.js';
import { type Guidance, guidanceWeights } from './guidance.js';

/** What is asked of the sampler. */
export interface SampleOptions extends FilterOptions {
  /** Class of each image; the generator's `nullClass` for none. */
  labels: readonly number[];
  /** Seed of each image. */
  seeds: readonly number[];
  scales: Scales;
  guidance?: Guidance;
  /** Divides the logits; 1 by default. */
  temperature?: number;
  /** Sides at which the most probable token is taken, e.g. sides that the generator did not train on. */
  greedySides?: readonly number[];
  /** Codes that are never drawn. */
  invalidIds?: readonly number[];
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
  side: number;
  /** Tokens chosen at this scale [B, N]. Valid until the next record. */
  indices_BN: Tensor;
  /** The images of what is sampled so far [B, 3, H, W], clamped to [−1, 1]; belongs to the caller's scope. Call it before the next record. */
  image(): Tensor;
  /** The guided logits that the tokens were chosen from [B, N, V], float32; −∞ for invalid codes. Valid until the next record. */
  logits_BNV: Tensor;
}

function check(generator: FlexVar, options: SampleOptions): void {
  const { labels, seeds, scales, temperature = 1, invalidIds = [] } = options;
  if (labels.length !== seeds.length || labels.length === 0)
    throw new UsageError(
      `sample: expected one seed for each label, got ${labels.length} labels and ${seeds.length} seeds`,
    );
  for (const label of labels)
    if (!Number.isInteger(label) || label < 0 || label > generator.nullClass)
      throw new UsageError(
        `sample: expected classes 0 to ${generator.nullClass - 1} (or ${generator.nullClass} for none), got ${label}`,
      );
  if (!scales.length || !scales.every((side) => Number.isInteger(side) && side > 0))
    throw new UsageError(`sample: expected a list of sides such as 1,2,4, got [${scales.join(', ')}]`);
  if (!(temperature > 0)) throw new UsageError(`sample: the temperature must be above 0, got ${temperature}`);
  const codes = generator.config.vocabularySize;
  for (const id of invalidIds)
    if (!Number.isInteger(id) || id < 0 || id >= codes)
      throw new UsageError(`sample: expected invalid codes of 0 to ${codes - 1}, got ${id}`);
  if (new Set(invalidIds).size === codes) throw new UsageError('sample: all codes are invalid, none is left to draw');
}

/** Samples a batch; records come in order of the scales, the last one's `image()` is the result. */
export function* sample(
  generator: FlexVar,
  tokenizer: Tokenizer,
  options: SampleOptions,
): globalThis.Generator<ScaleRecord> {
  check(generator, options);
  const { labels, seeds, scales, guidance, precision = 'float32', independent = precision === 'float32' } = options;
  const weights = guidance ? guidanceWeights(guidance, scales) : scales.map(() => 0);
  const { topK, topP, temperature = 1, greedySides = [], invalidIds = [], device = 'cpu' } = options;
  const shared = { scales, weights, topK, topP, temperature, greedySides, invalidIds, precision, device };
  const members = independent ? labels.map((label, i) => [[label], [seeds[i]!]] as const) : [[labels, seeds] as const];

  const groups: Group[] = [];
  const releaseCasts = holdCasts();
  try {
    for (const [labels, seeds] of members) groups.push(new Group(generator, tokenizer, { ...shared, labels, seeds }));
    for (const [index, side] of scales.entries()) {
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
      yield { index, side, indices_BN, logits_BNV, image };
    }
  } finally {
    for (const group of groups) group.dispose();
    releaseCasts();
  }
}
