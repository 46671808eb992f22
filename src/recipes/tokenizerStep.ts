// One step of a tokenizer's training: the loss on each micro-batch, the update, and what follows it: codes in use, revival of dead ones, and the
// discriminator's turn.
import type { LoadedBatch } from '../data/index.js';
import type { Classifier } from '../evaluate/index.js';
import { type CodeUsage, type Scales, type Tokenizer, usedShare } from '../tokenizers/index.js';
import { type Clock, optimizerStep, type StepOutcome, type World } from '../train/index.js';
import { Generator, ops, scope, type Tensor } from '../torch/index.js';
import { seedFor, uniforms } from '../util/random.js';
import type { Adversary } from './adversary.js';
import type { Optimization } from './optimization.js';
import type { TokenizerSettings } from './settings.js';
import { type TokenizerLosses, tokenizerLosses } from './tokenizerLoss.js';
import { othersOf } from './training.js';

/** What takes part in a step. */
export interface TokenizerTraining {
  settings: TokenizerSettings;
  world: World;
  tokenizer: Tokenizer;
  optimization: Optimization;
  usage: CodeUsage;
  classifier: Classifier | undefined;
  adversary: Adversary | undefined;
  /** Called after each update. */
  updated: () => void;
}

/** The scales that a step decodes: the last one and `count` others at random, or all where `count` is 0. */
function decodedScales(scales: readonly number[], count: number, uniform: () => number): Scales {
  const others = scales.slice(0, -1);
  if (count === 0 || count >= others.length) return scales;
  const chosen = Array.from({ length: count }, () => others.splice(Math.floor(uniform() * others.length), 1)[0]!);
  return [...chosen.sort((a, b) => a - b), scales.at(-1)!];
}

/** Looks at the codes that the batch used, where that will be recorded, and moves dead ones; all processes together. */
function tendCodes(
  { settings, world, tokenizer, usage }: TokenizerTraining,
  { imagesSeen }: Clock,
  results: readonly TokenizerLosses[],
  measure: boolean,
): Record<string, number> {
  const { seed, device, scales, reviveAfter } = settings;
  const { codebook, vocabularySize } = tokenizer;
  const others = othersOf(world);
  const indices = scales.map((_, i) => ops.cat(results.map((one) => one.indices[i]!), 0)); // prettier-ignore
  const numbers: Record<string, number> = {};
  if (measure) {
    numbers['usage'] = usedShare(indices, vocabularySize, others);
    scales.forEach((side, i) => (numbers[`usage_scale_${side}`] = usedShare([indices[i]!], vocabularySize, others)));
  }
  if (reviveAfter > 0) {
    using random = new Generator(seedFor(seed, 'revival', imagesSeen), device);
    const rows_BPC = ops.cat(results.map((one) => one.rows_BPC), 0); // prettier-ignore
    numbers['revived'] = usage.revive(codebook, indices, rows_BPC, imagesSeen, reviveAfter, random, others);
  }
  return numbers;
}

/** The step: trains on the micro-batches of the step's images that this process has. */
export function tokenizerStep(
  training: TokenizerTraining,
): (clock: Clock, batches: readonly LoadedBatch[], measure: boolean) => StepOutcome {
  const { settings, tokenizer, optimization, classifier, adversary } = training;
  const { seed, device, scales, loss: weights } = settings;
  const memoryFormat = settings.channelsLast ? 'channelsLast' : 'contiguous';
  return (clock, batches, measure) =>
    scope(() => {
      const uniform = uniforms(seedFor(seed, 'tokenizer step', clock.imagesSeen));
      const decoded = decodedScales(scales, settings.scalesPerStep, uniform);
      const playing = clock.imagesSeen >= weights.adversarialStart ? adversary : undefined;
      const adversarial = playing && ((fake_B3HW: Tensor) => playing.charge(fake_B3HW));
      let learned: StepOutcome | undefined;
      const outcome = optimizerStep(
        optimization.at(clock, measure),
        batches.map((one) => () => {
          const image_B3HW = one.image_B3HW.to({ device, memoryFormat });
          return tokenizerLosses(tokenizer, image_B3HW, { scales, decoded, weights, classifier, adversarial });
        }),
        (results) => {
          training.updated();
          learned = playing?.learn(clock, results);
          return { ...tendCodes(training, clock, results, measure), ...learned?.numbers };
        },
      );
      return learned?.skipped === undefined ? outcome : { ...outcome, skipped: learned.skipped };
    });
}
