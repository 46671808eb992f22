// Training of a tokenizer of this family, which no public repository has. The step is in tokenizerStep.ts, its loss in tokenizerLoss.ts; here is the run around them.
import { join } from 'node:path';
import type { LoadedBatch, Loader } from '../data/index.js';
import { initialiseTokenizer } from '../models/index.js';
import { CodeUsage, type Tokenizer, tokenizerFamilies } from '../tokenizers/index.js';
import { type LoopEnd, trainingLoop } from '../train/index.js';
import { Generator } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';
import { Adversary } from './adversary.js';
import { loadClassifier } from './classifierFile.js';
import { useMachine } from './machine.js';
import { tokenizerMetadata } from './modelFiles.js';
import { modelPart, optimizationOf } from './optimization.js';
import { reconstructionGrid } from './pictures.js';
import type { TokenizerSettings } from './settings.js';
import { dealOut } from './spans.js';
import { tokenizerStep } from './tokenizerStep.js';
import { Averages, loadAll, loopSettings, runFolderOf, type Surroundings } from './training.js';

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
  const { batchSize, device, scales, loss: weights } = settings;
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
  const updated = () => {
    averages.update();
  };
  const step = tokenizerStep({ settings, world, tokenizer, optimization, usage, classifier, adversary, updated });
  const end = await trainingLoop({
    ...loopSettings('tokenizer', settings, surroundings, run),
    parts: {
      tokenizer: modelPart(tokenizer, () => tokenizerMetadata(tokenizer)),
      optimizer: optimization.part,
      usage: usage.part,
      ...adversary?.parts,
      ...averages.parts,
    },
    data: ({ imagesSeen }) => loadAll(loader, spans(imagesSeen), spans(imagesSeen + batchSize)),
    step: (clock, batches: readonly LoadedBatch[], measure) => {
      const outcome = step(clock, batches, measure);
      for (const one of batches) for (const tensor of [one.image_B3HW, one.labels_B]) tensor.dispose();
      return outcome;
    },
    snapshot: () => {
      averages.snapshot();
    },
    sample: async (clock) => {
      const { image_B3HW, labels_B } = await loader.next(shown, spans(clock.imagesSeen));
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
