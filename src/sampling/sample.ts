// Sampling a batch of images, scale by scale: a stream of records that command line, evaluation and studio consume.
// Image i draws from a generator of its own, seeded by (its seed, scale index), so it does not depend on the batch it is in.
// Legend: B images, R rows, N tokens of a scale, C width, E code width, V codes.
import type { FlexVar } from '../models/index.js';
import { Session } from '../models/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { autocast, Generator, holdCasts, keep, noGrad, ops, rand, scope, tensor, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';
import { drawTokens, filterLogits, type FilterOptions } from './filter.js';
import { type Guidance, guidanceWeights, guide } from './guidance.js';

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
}

/** One scale of a batch that is being sampled. */
export interface ScaleRecord {
  index: number;
  side: number;
  /** Tokens chosen at this scale [B, N]. */
  indices_BN: Tensor;
  /** The images of what is sampled so far [B, 3, H, W], clamped to [−1, 1]; belongs to the caller's scope. Valid until the next record. */
  image(): Tensor;
  /** The guided logits that the tokens were chosen from [B, N, V], float32. Valid until the next record. */
  logits_BNV: Tensor;
}

/** Logits of codes that are never drawn. */
const never = -100;

function check(generator: FlexVar, { labels, seeds, scales, temperature = 1 }: SampleOptions): void {
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
}

/** One uniform number a token [B, N], each row from its image's own generator. */
function uniforms(seeds: readonly number[], scale: number, tokens: number, device: string): Tensor {
  const rows = seeds.map((seed) => {
    using generator = new Generator(seedFor(seed, 'scale', scale));
    return rand([tokens], { generator });
  });
  return ops.stack(rows, 0).to({ device });
}

/** Samples a batch; records come in order of the scales, the last one's `image()` is the result. */
export function* sample(
  generator: FlexVar,
  tokenizer: Tokenizer,
  options: SampleOptions,
): globalThis.Generator<ScaleRecord> {
  check(generator, options);
  const { scales, seeds, precision = 'float32', device = 'cpu' } = options;
  const weights = options.guidance ? guidanceWeights(options.guidance, scales.length) : scales.map(() => 0);
  const needsNull = weights.map((_, i) => weights.slice(i).some((weight) => weight !== 0));
  const quietly = <T>(body: () => T): T => noGrad(() => autocast({ device, dtype: precision }, () => scope(body)));

  // the session's tensors outlive the records' scopes: they are kept, and freed together at the end
  const held: Tensor[] = [];
  const releaseCasts = holdCasts();
  const hold = (one: Tensor): Tensor => {
    held.push(keep(one));
    return one;
  };
  try {
    const session = noGrad(() =>
      autocast({ device, dtype: precision }, () => {
        const labels_B = tensor(options.labels.slice(), { dtype: 'int64', device });
        return new Session(generator, labels_B, scales, needsNull[0]!);
      }),
    );
    held.push(...session.tensors());
    session.tensors().forEach(keep);
    const pyramid = tokenizer.pyramid(scales);
    let inputs_BNE: Tensor | undefined;
    for (const [index, side] of scales.entries()) {
      const chosen = quietly(() => {
        const x_RNC = session.advance(inputs_BNE, needsNull[index]!);
        const logits_BNV = guidedLogits(session, x_RNC, weights[index]!, options);
        return { logits_BNV, indices_BN: choose(logits_BNV, index, side, seeds, options, device) };
      });
      const next = noGrad(() => pyramid.push(hold(chosen.indices_BN)));
      inputs_BNE = next && hold(next);
      hold(chosen.logits_BNV);
      yield { index, side, ...chosen, image: () => quietly(() => pyramid.image().to('float32').clamp(-1, 1)) };
    }
  } finally {
    for (const one of held) one.dispose();
    releaseCasts();
  }
}

function guidedLogits(session: Session, x_RNC: Tensor, weight: number, options: SampleOptions): Tensor {
  const guided = weight !== 0;
  let logits_RNV = session.logits(x_RNC, guided);
  if (options.invalidIds?.length) {
    const ids = tensor([...options.invalidIds], { dtype: 'int64', device: logits_RNV.device });
    logits_RNV = logits_RNV.indexFill(-1, ids, never);
  }
  return guided ? guide(logits_RNV, weight) : logits_RNV;
}

function choose(
  logits_BNV: Tensor,
  index: number,
  side: number,
  seeds: readonly number[],
  { topK, topP, temperature = 1, greedySides = [] }: SampleOptions,
  device: string,
): Tensor {
  if (topK === 1 || greedySides.includes(side)) return logits_BNV.argmax(-1);
  const scaled_BNV = temperature === 1 ? logits_BNV : logits_BNV.div(temperature);
  return drawTokens(filterLogits(scaled_BNV, { topK, topP }), uniforms(seeds, index, side * side, device));
}
