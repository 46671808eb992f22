// Training of a tokenizer of this family, which no public repository has. The loss is in tokenizerLoss.ts; here are batches, revival, pictures.
import { join } from 'node:path';
import { batch, batchIndices, imageCount, type ImageSet } from '../data/index.js';
import { initialiseTokenizer } from '../models/index.js';
import { CodeUsage, type Scales, type Tokenizer, tokenizerFamilies, usedShare } from '../tokenizers/index.js';
import { type Clock, type LoopEnd, optimizerStep, RunFolder, trainingLoop } from '../train/index.js';
import { Generator, scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor, uniforms } from '../util/random.js';
import { Adversary } from './adversary.js';
import { loadClassifier } from './classifierFile.js';
import { flipSome } from './flip.js';
import { settlePrecision, useMachine } from './machine.js';
import { tokenizerMetadata } from './modelFiles.js';
import { modelPart, optimizationOf } from './optimization.js';
import { reconstructionGrid } from './pictures.js';
import type { TokenizerSettings } from './settings.js';
import { type TokenizerLosses, tokenizerLosses } from './tokenizerLoss.js';

/** Images of the sample grid. */
const shown = 8;

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
  set: ImageSet,
  out: string,
  say: (line: string) => void,
): Promise<{ tokenizer: Tokenizer; end: LoopEnd }> {
  useMachine(settings);
  const { seed, device, batchSize, scales, loss: weights } = settings;
  const tokenizer = newTokenizer(settings);
  checkScales(scales, settings.imageSize, tokenizer.stride);
  if (weights.perceptual > 0 && weights.classifier === undefined)
    throw new UsageError('loss.perceptual: it needs a classifier; give one with --set loss.classifier=FILE');
  const classifier = weights.perceptual > 0 ? loadClassifier(weights.classifier!, device) : undefined;
  const optimization = optimizationOf(tokenizer, settings);
  const usage = new CodeUsage(tokenizer.vocabularySize, device);
  const adversary = weights.adversarial > 0 ? new Adversary(settings) : undefined;

  const afterUpdate = (clock: Clock, losses: TokenizerLosses): Record<string, number> => {
    const { indices, rows_PC } = losses;
    const numbers: Record<string, number> = { usage: usedShare(indices, tokenizer.vocabularySize) };
    scales.forEach((side, i) => (numbers[`usage_scale_${side}`] = usedShare([indices[i]!], tokenizer.vocabularySize)));
    if (settings.reviveAfter > 0) {
      using random = new Generator(seedFor(seed, 'revival', clock.imagesSeen), device);
      const { codebook } = tokenizer;
      numbers['revived'] = usage.revive(codebook, indices, rows_PC, clock.imagesSeen, settings.reviveAfter, random);
    }
    return numbers;
  };

  const step = (clock: Clock): Record<string, number> =>
    scope(() => {
      const uniform = uniforms(seedFor(seed, 'tokenizer step', clock.imagesSeen));
      const indices = batchIndices(imageCount(set), seed, clock.imagesSeen, batchSize);
      const plain_B3HW = batch(set, indices).image_B3HW.to({ device });
      const image_B3HW = (settings.flip ? flipSome(plain_B3HW, uniform) : plain_B3HW).to({
        memoryFormat: settings.channelsLast ? 'channelsLast' : 'contiguous',
      });
      const playing = adversary && clock.imagesSeen >= weights.adversarialStart ? adversary : undefined;
      return optimizerStep(
        optimization.at(clock),
        () =>
          tokenizerLosses(tokenizer, image_B3HW, {
            scales,
            decoded: decodedScales(scales, settings.scalesPerStep, uniform),
            weights,
            classifier,
            adversarial: playing && ((fake_B3HW) => playing.charge(fake_B3HW)),
          }),
        (losses) => ({
          ...afterUpdate(clock, losses),
          ...playing?.learn(clock, image_B3HW, losses.reconstruction_B3HW),
        }),
      );
    });

  const run = new RunFolder(out, 'tokenizer', { ...settings, precision: settlePrecision(settings.precision, device) });
  const first = Array.from({ length: Math.min(shown, imageCount(set)) }, (_, i) => i);
  const end = await trainingLoop({
    label: 'tokenizer',
    run,
    images: settings.images,
    batchSize,
    every: settings.every,
    keepCheckpoints: settings.keepCheckpoints,
    parts: {
      tokenizer: modelPart(tokenizer, () => tokenizerMetadata(tokenizer)),
      optimizer: optimization.part,
      usage: usage.part,
      ...adversary?.parts,
    },
    step,
    sample: async (clock) => {
      run.image('reconstructions', clock, await reconstructionGrid(tokenizer, set, first, scales));
    },
    say,
  });
  say(`${join(out, 'checkpoints')} holds the tokenizer`);
  return { tokenizer, end };
}
