// The same generator under three kinds of input: the truth (teacher), its own predictions of one scale before made under true inputs (the student
// of Stagger-Scale Rollout), and its own predictions all the way (sampling). The same random numbers choose the tokens in all of them.
// Legend: B images, N tokens of a scale, L tokens of all scales, V codes.
import {
  drawTokens,
  filterLogits,
  guide,
  type Guidance,
  guidanceWeights,
  sample,
  temper,
} from '../../sampling/index.js';
import type { Pair } from '../../recipes/index.js';
import { type Scales, tokensOf } from '../../tokenizers/index.js';
import { full, Generator, noGrad, ops, rand, scope, tensor, type Tensor } from '../../torch/index.js';
import { seedFor } from '../../util/random.js';

/** How tokens are chosen from logits. */
export const choices = ['argmax', 'sample'] as const;
export type Choice = (typeof choices)[number];

/** What the passes share. */
export interface PassSettings {
  scales: Scales;
  /** Strength of the family's guidance ramp; 0 for none. */
  cfg: number;
  topK: number;
  topP: number;
  /** Divides the logits that tokens are drawn from. */
  temperature: number;
  device: string;
}

/** Some images: their classes, the seeds of their tokens, and their true tokens [B, N] of every scale. */
export interface Truth {
  labels: readonly number[];
  seeds: readonly number[];
  targets: readonly Tensor[];
}

/** What came of a pass, by scale. */
export interface Pass {
  /** The tokens [B, N] that the scales after them were fed with; a pass over all scales at once was fed without looking at its own. */
  fed: readonly Tensor[];
  /** The tokens chosen [B, N]. */
  tokens: readonly Tensor[];
  /** What they were chosen from [B, N, V], guided, float32, before temperature and filters. */
  logits: readonly Tensor[];
}

const guidanceOf = ({ cfg }: PassSettings): Guidance | undefined => (cfg ? { shape: 'ramp', scale: cfg } : undefined);

/** Seeds of some images, from the first one's number on: other for every image and every `seed`, the same for every model. */
export function imageSeeds(seed: number, first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => seedFor(seed, 'analysed image', first + i));
}

/** The random numbers [B, N] that the sampler draws the tokens of a scale by. */
function uniforms({ seeds }: Truth, index: number, tokens: number, device: string): Tensor {
  const rows = seeds.map((seed) => {
    using random = new Generator(seedFor(seed, 'scale', index));
    return rand([tokens], { generator: random });
  });
  return ops.stack(rows, 0).to({ device });
}

/** Tokens [B, N] of every scale from logits [B, N, V], by the sampler's own random numbers. */
export function chooseAll(logits: readonly Tensor[], truth: Truth, choice: Choice, settings: PassSettings): Tensor[] {
  return noGrad(() =>
    scope(() =>
      logits.map((logits_BNV, i) => {
        if (choice === 'argmax') return logits_BNV.argmax(-1);
        const uniform_BN = uniforms(truth, i, logits_BNV.size(1), logits_BNV.device);
        return drawTokens(filterLogits(temper(logits_BNV, settings.temperature), settings), uniform_BN);
      }),
    ),
  );
}

/** Guided logits [B, N, V] of every scale in one pass over all scales, which are fed with given tokens [B, N]. */
export function fedLogits(
  { generator, tokenizer }: Pair,
  { labels }: Truth,
  fed: readonly Tensor[],
  settings: PassSettings,
): Tensor[] {
  const { scales, device } = settings;
  const guidance = guidanceOf(settings);
  const counts = scales.map(tokensOf);
  return noGrad(() =>
    scope(() => {
      const labels_B = tensor([...labels], { dtype: 'int64', device });
      const inputs_BLE = scales.length > 1 ? tokenizer.inputs(fed, scales) : undefined;
      const pass = (of_B: Tensor) => generator.logits(of_B, inputs_BLE, scales).to('float32').splitWithSizes(counts, 1);
      const own = pass(labels_B);
      if (!guidance) return own.map((one) => one.contiguous());
      const nulls = pass(full(labels_B.shape, generator.nullClass, { dtype: 'int64', device }));
      const weights = guidanceWeights(guidance, scales, generator.habits);
      return own.map((logits_BNV, i) => guide(ops.cat([logits_BNV, nulls[i]!], 0), weights[i]!));
    }),
  );
}

/** Pass 1: every scale is fed with the truth of those before it. */
export function teacherPass(pair: Pair, truth: Truth, choice: Choice, settings: PassSettings): Pass {
  const logits = fedLogits(pair, truth, truth.targets, settings);
  return { fed: truth.targets, tokens: chooseAll(logits, truth, choice, settings), logits };
}

/** Pass 2 of Stagger-Scale Rollout: every scale is fed with what the teacher chose at the scales before it. */
export function staggerPass(pair: Pair, truth: Truth, teacher: Pass, choice: Choice, settings: PassSettings): Pass {
  const logits = fedLogits(pair, truth, teacher.tokens, settings);
  return { fed: teacher.tokens, tokens: chooseAll(logits, truth, choice, settings), logits };
}

/** Sampling: every scale is fed with what was chosen at the scales before it, one after the other. */
export function ownPass({ generator, tokenizer }: Pair, truth: Truth, choice: Choice, settings: PassSettings): Pass {
  const { scales, topK, topP, temperature, device } = settings;
  const guidance = guidanceOf(settings);
  return noGrad(() =>
    scope(() => {
      const [tokens, logits]: [Tensor[], Tensor[]] = [[], []];
      for (const record of sample(generator, tokenizer, {
        labels: truth.labels,
        seeds: truth.seeds,
        scales, topK, topP, temperature, device,
        ...(guidance && { guidance }),
        ...(choice === 'argmax' && { greedyScales: scales }),
        independent: false, // a batch at once: the last bits may depend on the neighbours, the random numbers do not
      })) {
        tokens.push(record.indices_BN.clone());
        logits.push(record.logits_BNV.clone());
      } // prettier-ignore
      return { fed: tokens, tokens, logits };
    }),
  );
}
