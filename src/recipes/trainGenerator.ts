// Training of a generator, from the start (`train`) or on from a checkpoint (`refine`): the same loop, only the forcing strategy differs.
import { join } from 'node:path';
import { drawScales, generatorFamilies, initialiseGenerator, type ScaleTransformer } from '../models/index.js';
import { forcings, stepFlops } from '../sar/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { type Clock, type LoopEnd, optimizerStep, type StepOutcome, trainingLoop } from '../train/index.js';
import { Generator, scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor, uniforms } from '../util/random.js';
import { settlePrecision, useMachine } from './machine.js';
import {
  checkTogether, fingerprint, type GeneratorCard, generatorMetadata, loadGenerator, loadTokenizer, saveTokenizer, tokenizerBeside, findWeights,
} from './modelFiles.js'; // prettier-ignore
import { modelPart, type Optimization, optimizationOf } from './optimization.js';
import { classGrid } from './pictures.js';
import type { GeneratorSettings, RefineSettings } from './settings.js';
import { dealOut, type Spans } from './spans.js';
import type { Targets, TargetSource } from './targets.js';
import { Averages, loopSettings, runFolderOf, type Surroundings } from './training.js';
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

/** The scales of the step that begins at an image: the fixed list, or one drawn at random; the same on every process. */
function scalesAt(kind: string, settings: GeneratorSettings | RefineSettings, imagesSeen: number): Scales {
  const { scaleSchedule, scales, seed } = settings;
  if (scaleSchedule.kind === 'fixed') return scales;
  const uniform = uniforms(seedFor(seed, kind, imagesSeen));
  return drawScales({ ...scaleSchedule, defaults: scales, last: scales.at(-1)! }, uniform);
}

/** One training step on the micro-batches of the step's images that this process has; `spans` says which they are. */
function stepOf(
  kind: 'train' | 'refine',
  settings: GeneratorSettings | RefineSettings,
  { generator, tokenizer }: Start,
  optimization: Optimization,
  spans: Spans,
  updated: () => void,
) {
  const { seed, device, batchSize, labelDrop, forcing } = settings;
  const strategy = forcings[forcing.forcing];
  return (clock: Clock, batches: readonly Targets[], measure: boolean): StepOutcome & { flops: number } =>
    scope(() => {
      const { step, imagesSeen } = clock;
      const scales = scalesAt(kind, settings, imagesSeen);
      const parts = spans(imagesSeen);
      const outcome = optimizerStep(
        optimization.at(clock, measure),
        batches.map(({ targets, labels_B }, i) => (measure) => {
          const rows = { first: parts[i]!.first - imagesSeen, of: batchSize };
          using random = new Generator(seedFor(seed, `${kind} step`, imagesSeen), device, rows);
          return strategy({
            generator, tokenizer, labels_B, targets, scales, step, random, labelDrop, settings: forcing, measure,
          }); // prettier-ignore
        }),
        () => {
          updated();
          return {};
        },
      );
      const batch = parts.reduce((sum, { size }) => sum + size, 0);
      return { ...outcome, flops: stepFlops({ config: generator.config, batch, scales, step }, forcing) };
    });
}

/** Trains a generator into a run folder, or goes on with the training that the folder holds. */
export async function trainGenerator(
  kind: 'train' | 'refine',
  settings: GeneratorSettings | RefineSettings,
  start: Start,
  source: TargetSource,
  out: string,
  surroundings: Surroundings,
): Promise<LoopEnd> {
  useMachine(settings);
  const { world, say } = surroundings;
  const { generator, tokenizer, card } = start;
  const { device, batchSize } = settings;
  checkScales(settings.scales, settings.imageSize, tokenizer.stride);
  const spans = dealOut(settings, world);
  const run = runFolderOf(kind, settings, surroundings, out);
  if (world.isFirst) saveTokenizer(join(out, 'tokenizer.safetensors'), tokenizer);
  const optimization = optimizationOf(generator, settings, world);
  const metadata = () => generatorMetadata(generator, card);
  const averages = new Averages(generator, settings, out, metadata);
  const { cfg, topK, topP } = settings.sampling;
  const sampling = {
    scales: settings.scales,
    guidance: { shape: 'ramp', scale: cfg },
    topK,
    topP,
    precision: settlePrecision(settings.precision, device),
    device,
    independent: false,
  } as const;
  const step = stepOf(kind, settings, start, optimization, spans, () => {
    averages.update();
  });
  generator.train();
  const end = await trainingLoop({
    ...loopSettings(kind, settings, surroundings, run),
    parts: { generator: modelPart(generator, metadata), optimizer: optimization.part, ...averages.parts },
    data: async ({ imagesSeen }) => {
      const scales = scalesAt(kind, settings, imagesSeen);
      const [now, then] = [spans(imagesSeen), spans(imagesSeen + batchSize)];
      const batches: Targets[] = [];
      for (const [i, span] of now.entries()) batches.push(await source.next(span, scales, [...now.slice(i + 1), ...then])); // prettier-ignore
      return batches;
    },
    step: (clock, batches: readonly Targets[], measure) => {
      const outcome = step(clock, batches, measure);
      for (const { targets, labels_B } of batches) for (const one of [...targets, labels_B]) one.dispose();
      return outcome;
    },
    snapshot: () => {
      averages.snapshot();
    },
    sample: async (clock) => {
      run.image('samples', clock, await classGrid(start, card.classes.slice(0, 10), sampling));
    },
  });
  generator.eval();
  optimization.dispose();
  averages.dispose();
  say(`${join(out, 'checkpoints')} holds the generator`);
  return end;
}
