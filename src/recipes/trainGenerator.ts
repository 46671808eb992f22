// Training of a generator, from the start (`train`) or on from a checkpoint (`refine`): the same loop, only the forcing strategy differs.
import { join } from 'node:path';
import { imageCount, type ImageSet } from '../data/index.js';
import { drawScales, generatorFamilies, initialiseGenerator, type ScaleTransformer } from '../models/index.js';
import { forcings } from '../sar/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { type Clock, type LoopEnd, optimizerStep, RunFolder, trainingLoop } from '../train/index.js';
import { Generator, noGrad, scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor, uniforms } from '../util/random.js';
import { cachedLatents, freshLatents, type LatentSource } from './latents.js';
import { settlePrecision, useMachine } from './machine.js';
import {
  checkTogether, fingerprint, type GeneratorCard, generatorMetadata, loadGenerator, loadTokenizer, saveTokenizer, tokenizerBeside, findWeights,
} from './modelFiles.js'; // prettier-ignore
import { modelPart, optimizationOf } from './optimization.js';
import { classGrid } from './pictures.js';
import type { GeneratorSettings, RefineSettings } from './settings.js';
import { checkScales } from './trainTokenizer.js';

/** What training begins with. */
export interface Start {
  generator: ScaleTransformer;
  tokenizer: Tokenizer;
  card: GeneratorCard;
}

/** A generator with initial weights for a data set's classes and a tokenizer's codes. */
export function newGenerator(settings: GeneratorSettings, classes: readonly string[]): Start {
  const { device, seed, family } = settings;
  const tokenizer = loadTokenizer(settings.tokenizer, device);
  if (tokenizer.family !== family)
    throw new UsageError(
      `${settings.tokenizer}: expected a tokenizer of the family ${family}, found one of ${tokenizer.family}; use --set family=${tokenizer.family}`,
    );
  const { vocabularySize, codeWidth } = tokenizer;
  const { config, make, sizesFor } = generatorFamilies[family];
  const sizes = { vocabularySize, codeWidth, classes: classes.length, ...sizesFor(settings.scales) };
  const generator = make(config.parse({ ...settings.model, ...sizes }));
  using random = new Generator(seedFor(seed, 'generator'));
  initialiseGenerator(generator, random, { gate: settings.initialGate });
  generator.to({ device });
  const { scales, imageSize, data } = settings;
  return {
    generator,
    tokenizer,
    card: { scales, imageSize, data, classes: [...classes], tokenizer: fingerprint(tokenizer) },
  };
}

/** The generator that a refinement goes on from, with its tokenizer. */
export function generatorToRefine(settings: RefineSettings, classes: readonly string[]): Start {
  const loaded = loadGenerator(settings.generator, settings.device);
  const beside = settings.tokenizer ?? tokenizerBeside(loaded.path, loaded.generator.family);
  const tokenizer = loadTokenizer(findWeights(beside, 'tokenizer'), settings.device);
  checkTogether(loaded, tokenizer);
  const { scales, imageSize, data } = settings;
  return { ...loaded, tokenizer, card: { ...loaded.card, scales, imageSize, data, classes: [...classes] } };
}

/** The scales of a step: the fixed list, or one drawn at random. */
function scalesOf(settings: GeneratorSettings | RefineSettings, uniform: () => number): Scales {
  const { scaleSchedule, scales } = settings;
  if (scaleSchedule.kind === 'fixed') return scales;
  return drawScales({ ...scaleSchedule, defaults: scales, last: scales.at(-1)! }, uniform);
}

/** One training step on the latents that the clock points at. */
function stepOf(
  kind: 'train' | 'refine',
  settings: GeneratorSettings | RefineSettings,
  { generator, tokenizer }: Start,
  latents: LatentSource,
  optimization: ReturnType<typeof optimizationOf>,
): (clock: Clock) => Record<string, number> {
  const { seed, device, batchSize, labelDrop, forcing } = settings;
  const strategy = forcings[forcing.forcing];
  return (clock) =>
    scope(() => {
      const uniform = uniforms(seedFor(seed, kind, clock.imagesSeen));
      using random = new Generator(seedFor(seed, `${kind} step`, clock.imagesSeen), device);
      const scales = scalesOf(settings, uniform);
      const { latent_BChw, labels_B } = latents.next(seed, clock.imagesSeen, batchSize, uniform);
      const targets = noGrad(() => tokenizer.quantise(latent_BChw, scales));
      return optimizerStep(optimization.at(clock), () =>
        strategy({
          generator,
          tokenizer,
          labels_B,
          targets,
          scales,
          step: clock.step,
          random,
          labelDrop,
          settings: forcing,
        }),
      );
    });
}

/** Trains a generator into a run folder, or goes on with the training that the folder holds. */
export async function trainGenerator(
  kind: 'train' | 'refine',
  settings: GeneratorSettings | RefineSettings,
  start: Start,
  set: ImageSet,
  out: string,
  say: (line: string) => void,
): Promise<LoopEnd> {
  useMachine(settings);
  const { generator, tokenizer, card } = start;
  const { device, batchSize, flip } = settings;
  checkScales(settings.scales, settings.imageSize, tokenizer.stride);
  const precision = settlePrecision(settings.precision, device);
  const run = new RunFolder(out, kind, { ...settings, precision });
  saveTokenizer(join(out, 'tokenizer.safetensors'), tokenizer);
  const optimization = optimizationOf(generator, settings);
  const again = settings.images > imageCount(set); // only images that are seen again are worth keeping
  const latents = (settings.cacheLatents && again ? cachedLatents : freshLatents)(tokenizer, set, {
    flip,
    device,
    precision,
  });
  const { cfg, topK, topP } = settings.sampling;
  const sampling = {
    scales: settings.scales,
    guidance: { shape: 'ramp', scale: cfg },
    topK,
    topP,
    precision,
    device,
    independent: false,
  } as const;
  generator.train();
  const end = await trainingLoop({
    label: kind,
    run,
    images: settings.images,
    batchSize,
    every: settings.every,
    keepCheckpoints: settings.keepCheckpoints,
    parts: { generator: modelPart(generator, () => generatorMetadata(generator, card)), optimizer: optimization.part },
    step: stepOf(kind, settings, start, latents, optimization),
    sample: async (clock) => {
      run.image('samples', clock, await classGrid(start, card.classes.slice(0, 10), sampling));
    },
    say,
  });
  generator.eval();
  optimization.optimizer.dispose();
  say(`${join(out, 'checkpoints')} holds the generator`);
  return end;
}
