// The settings of the recipes, as schemas: every key can be set by a preset, a file, or --set path=value. Depth of detail: what one may change.
import { z } from 'zod';
import { flexVarConfig, varConfig } from '../models/index.js';
import { learningRateShapes } from '../nn/index.js';
import { sarSettings } from '../sar/index.js';
import { type Family, flexVarTokenizerConfig, isFamily, varTokenizerConfig } from '../tokenizers/index.js';

const count = z.int().positive();
const weight = z.number().min(0);

/** What every training has. */
const common = {
  /** A packaged data set's name, or a folder of images. */
  data: z.string(),
  /** Side of the images in pixels. */
  imageSize: count,
  seed: z.int().min(0).default(0),
  /** Images to train on in all, epochs included. */
  images: count,
  /** Images of a step, of all processes together. */
  batchSize: count,
  /** Most images that a process computes at once; a larger share of the batch is computed in parts whose gradients add up. All at once by default. */
  microBatch: count.optional(),
  /** `auto` is bfloat16 where the device computes faster in it, float32 elsewhere. */
  precision: z.enum(['auto', 'float32', 'bfloat16']).default('auto'),
  device: z.string().default('cpu'),
  /** Threads of an operator; 0 for one a core. */
  threads: z.int().min(0).default(0),
  optimizer: z.strictObject({
    /** Peak learning rate. */
    learningRate: z.number().positive(),
    shape: z.enum(learningRateShapes).default('lin0'),
    /** Share of the images for warm-up. */
    warmup: z.number().min(0).max(1).default(0.02),
    /** Fractions of the peak at the first and the last step. */
    start: z.number().min(0).default(0.005),
    end: z.number().min(0).default(0.1),
    betas: z.tuple([z.number(), z.number()]).default([0.9, 0.95]),
    weightDecay: weight.default(0.05),
    weightDecayEnd: weight.optional(),
    clip: z.number().positive().default(2),
  }),
  /** In images; 0 for never. */
  every: z
    .strictObject({
      log: z.int().min(0).default(1000),
      sample: z.int().min(0).default(50_000),
      save: z.int().min(0).default(50_000),
      /** One more checkpoint stays for good. */
      keep: z.int().min(0).default(0),
      /** Snapshots of the averages of `ema`. */
      average: z.int().min(0).default(50_000),
    })
    .prefault({}),
  /** How many of the newest checkpoints stay. */
  keepCheckpoints: count.default(2),
  /** Steps in a row that may be skipped because a loss or gradient was not finite, before training stops. */
  maxSkipped: count.default(10),
  /** Relative widths σ_rel of power-function averages of the weights, e.g. [0.05, 0.1]; none are kept by default. */
  ema: z.array(z.number().positive().max(0.28)).default([]),
  /** Mirrors half of the images. */
  flip: z.boolean().default(false),
  /** Cuts a random square out of each image, of the centre fraction 0.88 to 1 (images that are not in memory at their size). */
  crop: z.boolean().default(false),
  /** With `crop`: each image has but so many crops, the same in every training of their seed; as many as there are epochs by default. */
  crops: z.strictObject({ count, seed: z.int().min(0).default(0) }).optional(),
  /** Images that are decoded at a time, where they are streamed; 0 for one a core, at most 4: what libuv's pool decodes at once (`UV_THREADPOOL_SIZE`). */
  workers: z.int().min(0).default(0),
  /** Seconds after which another process that does not answer is given up. */
  timeout: z.number().positive().default(600),
  /** What this device computes at most, in 10¹² operations a second, for MFU; known GPUs need none. */
  peakTflops: z.number().positive().optional(),
  /** Folder of node_exporter's textfile collector, where the last numbers are written too; the run's own by default. */
  metricsFolder: z.string().optional(),
};

/** The part of the settings that every training has. */
export type TrainingSettings = z.output<z.ZodObject<typeof common>>;

/** The schema of the family that settings name, FlexVAR's where they name none. */
function byFamily<S extends z.ZodType>(schemas: Record<Family, S>): (given: Readonly<Record<string, unknown>>) => S {
  return ({ family }) => schemas[typeof family === 'string' && isFamily(family) ? family : 'flexvar'];
}

const familyName = z.enum(['flexvar', 'var']).default('flexvar');

const tokenizerCommon = {
  ...common,
  family: familyName,
  /** Scales of the pyramid, the last one the latent's side. */
  scales: z.array(count).min(1),
  /** How many scales besides the last are decoded at each step, drawn at random; 0 for all. */
  scalesPerStep: z.int().min(0).default(0),
  channelsLast: z.boolean().default(true),
  loss: z
    .strictObject({
      l1: weight.default(0.2),
      l2: weight.default(1),
      codebook: weight.default(1),
      commitment: weight.default(0.25),
      /** Weight of the distance in a classifier's features; needs `classifier`. */
      perceptual: weight.default(0),
      /** Path of a classifier's weights (`scalewise evaluate` makes them). */
      classifier: z.string().optional(),
      /** Weight of the patch-adversarial term. */
      adversarial: weight.default(0),
      /** Images after which the discriminator takes part. */
      adversarialStart: z.int().min(0).default(0),
    })
    .prefault({}),
  /** Codes that no position used for this many images are replaced by latents of the batch; 0 for never. */
  reviveAfter: z.int().min(0).default(0),
};

const flexVarTokenizerSettings = z.strictObject({ ...tokenizerCommon, model: flexVarTokenizerConfig });
const varTokenizerSettings = z.strictObject({ ...tokenizerCommon, model: varTokenizerConfig });

/** Settings of a tokenizer's training, by family. */
export const tokenizerSettings = byFamily<typeof flexVarTokenizerSettings | typeof varTokenizerSettings>({
  flexvar: flexVarTokenizerSettings,
  var: varTokenizerSettings,
});
export type TokenizerSettings = z.output<ReturnType<typeof tokenizerSettings>>;

const scaleSchedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed') }),
  z.strictObject({
    kind: z.literal('random'),
    defaultProbability: z.number().min(0).max(1),
    first: z.array(count),
    groups: z.array(z.strictObject({ from: count, to: count, count })),
    dropThresholds: z.array(z.number()),
    maxTokens: count,
  }),
]);

const generatorCommon = {
  ...common,
  /** Path of a trained tokenizer: a run folder, a checkpoint, or a safetensors file. */
  tokenizer: z.string(),
  /** Scales for sampling and, unless they are drawn at random, for training. */
  scales: z.array(count).min(1),
  scaleSchedule: scaleSchedule.default({ kind: 'fixed' }),
  /** Whether what the model's blocks compute is computed again in backward instead of being kept: less memory, a third more work. */
  recompute: z.boolean().default(false),
  /** Encode the training set once and train from its latents (or its tokens, with a pyramid of images), where training sees its images more than once. */
  cacheLatents: z.boolean().default(true),
  /** A folder that `scalewise data encode` wrote: training then reads its tokens instead of images. */
  tokens: z.string().optional(),
  labelDrop: z.number().min(0).max(1).default(0.1),
  /** How the sample grids are drawn. */
  sampling: z
    .strictObject({
      cfg: weight.default(2),
      topK: z.int().min(0).default(0),
      topP: z.number().min(0).max(1).default(0),
    })
    .prefault({}),
  forcing: sarSettings.prefault({ forcing: 'teacher' }),
};

/** Vocabulary and code width follow the tokenizer, classes the data. */
const found = { vocabularySize: true, codeWidth: true, classes: true } as const;
const generatorOwn = {
  ...generatorCommon,
  family: familyName,
  /** Factor of the AdaLN gates' initial weights. */
  initialGate: z.number().positive().default(1e-3),
};
const flexVarSettings = z.strictObject({ ...generatorOwn, model: flexVarConfig.in.omit(found) });
const varSettings = z.strictObject({ ...generatorOwn, model: varConfig.in.omit({ ...found, scales: true }) });

/** Settings of a generator's training, by family. */
export const generatorSettings = byFamily<typeof flexVarSettings | typeof varSettings>({
  flexvar: flexVarSettings,
  var: varSettings,
});
export type GeneratorSettings = z.output<ReturnType<typeof generatorSettings>>;

export const refineSettings = z.strictObject({
  ...generatorCommon,
  /** Path of the generator to refine. */
  generator: z.string(),
  /** Its tokenizer; the one beside the generator by default. */
  tokenizer: z.string().optional(),
  forcing: sarSettings.prefault({}),
});
export type RefineSettings = z.output<typeof refineSettings>;
