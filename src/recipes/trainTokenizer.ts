// Training of a tokenizer of this family, which no public repository has. The loss is in tokenizerLoss.ts; here are batches, revival, pictures.
import { join } from 'node:path';
import type { LoadedBatch, Loader } from '../data/index.js';
import { initialiseTokenizer } from '../models/index.js';
import { CodeUsage, type Scales, type Tokenizer, tokenizerFamilies, usedShare } from '../tokenizers/index.js';
import { type Clock, type LoopEnd, optimizerStep, type StepOutcome, trainingLoop } from '../train/index.js';
import { Generator, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor, uniforms } from '../util/random.js';
import { Adversary } from './adversary.js';
import { loadClassifier } from './classifierFile.js';
import { useMachine } from './machine.js';
import { tokenizerMetadata } from './modelFiles.js';
import { modelPart, optimizationOf } from './optimization.js';
import { reconstructionGrid } from './pictures.js';
import type { TokenizerSettings } from './settings.js';
import { dealOut } from './spans.js';
import { type TokenizerLosses, tokenizerLosses } from './tokenizerLoss.js';
import { Averages, loadAll, loopSettings, othersOf, runFolderOf, type Surroundings } from './training.js';

/** Images of the sample grid: the first ones of the training. */
const shown = { first: 0, size: 8 };

/** Refuses scales that do not grow to the latent's side. */
export function checkScales(scales: readonly number[], imageSize: number, stride: number): void {
  const side = imageSize / stride;
  if (!Number.isInteger(side))
    throw new UsageError(
      `imageSize: expected a multiple of the tokenizer's stride ${stride}, got ${imageSize}; change it or model.multipliers`,
    );
  if (scales.at(-1) !== side)
    throw new UsageError(
      `scales: expected the last one to be the latent's side ${side} (${imageSize} pixels / stride ${stride}), got [${scales.join(', ')}]`,
    );
  if (scales.some((one, i) => i > 0 && one <= scales[i - 1]!))
    throw new UsageError(`scales: expected growing sides, got [${scales.join(', ')}]`);
}

/** The scales that a step decodes: the last one and `count` others at random, or all where `count` is 0. */
function decodedScales(scales: readonly number[], count: number, uniform: () => number): Scales {
  const others = scales.slice(0, -1);
  if (count === 0 || count >= others.length) return scales;
  const chosen = Array.from({ length: count }, () => others.splice(Math.floor(uniform() * others.length), 1)[0]!);
  return [...chosen.sort((a, b) => a - b), scales.at(-1)!];
}

/** A tokenizer of the settings with initial weights. */
export function newTokenizer({ family, model, seed, device, channelsLast }: TokenizerSettings): Tokenizer {
  const tokenizer = tokenizerFamilies[family].make(model);
  using random = new Generator(seedFor(seed, 'tokenizer'));
  initialiseTokenizer(tokenizer, random);
  tokenizer.to({ device, ...(channelsLast && { memoryFormat: 'channelsLast' as const }) });
  return tokenizer;
}

/** Trains a tokenizer into a run folder, or goes on with the training that the folder holds. */
export async function trainTokenizer(
  settings: TokenizerSettings,
  loader: Loader,
  out: string,
  surroundings: Surroundings,
): Promise<{ tokenizer: Tokenizer; end: LoopEnd }> {
  useMachine(settings);
  const { world, say } = surroundings;
  const { seed, device, scales, loss: weights } = settings;
  const tokenizer = newTokenizer(settings);
  checkScales(scales, settings.imageSize, tokenizer.stride);
  if (weights.perceptual > 0 && weights.classifier === undefined)
    throw new UsageError('loss.perceptual: it needs a classifier; give one with --set loss.classifier=FILE');
  const classifier = weights.perceptual > 0 ? loadClassifier(weights.classifier!, device) : undefined;
  const run = runFolderOf('tokenizer', settings, surroundings, out);
  const optimization = optimizationOf(tokenizer, settings, world, 'some'); // a term of weight 0 reaches no codes
  const usage = new CodeUsage(tokenizer.vocabularySize, device);
  const adversary = weights.adversarial > 0 ? new Adversary(settings, world) : undefined;
  const averages = new Averages(tokenizer, settings, out, () => tokenizerMetadata(tokenizer));
  const spans = dealOut(settings, world);
  const others = othersOf(world);

  const usageOf = (indices: readonly Tensor[]): Record<string, number> => {
    const share = (some: readonly Tensor[]) => usedShare(some, tokenizer.vocabularySize, others);
    const each = scales.map((side, i) => [`usage_scale_${side}`, share([indices[i]!])] as const);
    return { usage: share(indices), ...Object.fromEntries(each) };
  };

  const afterUpdate = (clock: Clock, results: readonly TokenizerLosses[], measure: boolean): Record<string, number> => {
    averages.update();
    const indices = scales.map((_, i) => ops.cat(results.map((one) => one.indices[i]!), 0)); // prettier-ignore
    const numbers = measure ? usageOf(indices) : {};
    if (settings.reviveAfter > 0) {
      using random = new Generator(seedFor(seed, 'revival', clock.imagesSeen), device);
      const rows_BPC = ops.cat(results.map((one) => one.rows_BPC), 0); // prettier-ignore
      const { codebook } = tokenizer;
      const { reviveAfter } = settings;
      numbers['revived'] = usage.revive(codebook, indices, rows_BPC, clock.imagesSeen, reviveAfter, random, others);
    }
    return numbers;
  };

  const step = (clock: Clock, batches: readonly LoadedBatch[], measure: boolean): StepOutcome =>
    scope(() => {
      const uniform = uniforms(seedFor(seed, 'tokenizer step', clock.imagesSeen));
      const decoded = decodedScales(scales, settings.scalesPerStep, uniform);
      const playing = adversary && clock.imagesSeen >= weights.adversarialStart ? adversary : undefined;
      const memoryFormat = settings.channelsLast ? 'channelsLast' : 'contiguous';
      const adversarial = playing && ((fake_B3HW: Tensor) => playing.charge(fake_B3HW));
      return optimizerStep(
        optimization.at(clock, measure),
        batches.map((one) => () => {
          const image_B3HW = one.image_B3HW.to({ device, memoryFormat });
          return tokenizerLosses(tokenizer, image_B3HW, { scales, decoded, weights, classifier, adversarial });
        }),
        (results) => ({ ...afterUpdate(clock, results, measure), ...playing?.learn(clock, results) }),
      );
    });

  const end = await trainingLoop({
    ...loopSettings('tokenizer', settings, surroundings, run),
    parts: {
      tokenizer: modelPart(tokenizer, () => tokenizerMetadata(tokenizer)),
      optimizer: optimization.part,
      usage: usage.part,
      ...adversary?.parts,
      ...averages.parts,
    },
    data: ({ imagesSeen }) => loadAll(loader, spans(imagesSeen), spans(imagesSeen + settings.batchSize)),
    step: (clock, batches: readonly LoadedBatch[], measure) => {
      const outcome = step(clock, batches, measure);
      for (const one of batches) for (const tensor of [one.image_B3HW, one.labels_B]) tensor.dispose();
      return outcome;
    },
    snapshot: () => {
      averages.snapshot();
    },
    sample: async (clock) => {
      const { image_B3HW, labels_B } = await loader.next(shown);
      labels_B.dispose();
      run.image('reconstructions', clock, await reconstructionGrid(tokenizer, image_B3HW, scales));
      image_B3HW.dispose();
    },
  });
  optimization.dispose();
  adversary?.dispose();
  averages.dispose();
  say(`${join(out, 'checkpoints')} holds the tokenizer`);
  return { tokenizer, end };
}
