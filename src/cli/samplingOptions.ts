// The flags of every command that samples a generator.
import { type Command } from 'commander';
import { readFileSync } from 'node:fs';
import { publishedScales, stretchScales } from '../models/index.js';
import {
  canvasSize,
  checkSampling,
  loadModels,
  type Models,
  type SamplingSettings,
  settlePrecision,
  useMachine,
} from '../recipes/index.js';
import type { Guidance, PerScale } from '../sampling/index.js';
import { sameScale, type Scale, type Scales, scalesText } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import { didYouMean } from '../util/suggest.js';
import { shippedWeights } from './shippedWeights.js';
import { number, wholeNumber } from './settingsOptions.js';

/** The parsed flags. */
export interface SamplingFlags {
  generator?: string;
  tokenizer?: string;
  cfg: number;
  guidance: string;
  cfgInterval?: string;
  fullAbove?: number;
  topK: PerScale<number>;
  topP: PerScale<number>;
  temperature: PerScale<number>;
  greedy?: string;
  invalidIds?: string;
  smooth?: boolean;
  scales?: string;
  schedule?: number;
  size?: string;
  seed: number;
  device: string;
  threads: number;
  precision: string;
  weights: string;
}

/** Adds them to a command, in groups; options that are added later stand under `Options:`. */
export function withSamplingFlags(command: Command): Command {
  command
    .optionsGroup('Models:')
    .option(
      '-g, --generator <path>',
      'a run folder, a file or a pulled name; the weights that come with Scalewise by default',
    )
    .option('-t, --tokenizer <path>', 'its tokenizer; the one beside it by default')
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option('--precision <name>', 'what is computed in: auto, float32 or bfloat16', 'auto')
    .option(
      '--weights <name>',
      'what the generator’s weights are held in: float32, or bfloat16 for half the memory',
      'float32',
    );
  command
    .optionsGroup('Scales:')
    .option('--scales <list>', "sides, or height x width, e.g. 1,2,3,4x6,8x12; the generator's own by default")
    .option(
      '--schedule <n>',
      `one of FlexVAR's published lists, of ${Object.keys(publishedScales).join(', ')} scales (15 for 512 pixels)`,
      wholeNumber('--schedule'),
    )
    .option('--size <pixels>', 'a side, or height x width, e.g. 256x384: the list of scales is stretched to it');
  return command
    .optionsGroup('Choice of tokens (LIST: one value a scale):')
    .option('--cfg <scale>', 'strength of guidance; 0 for none (1 where it is constant)', number('--cfg'), 2)
    .option(
      '--guidance <shape>',
      'ramp (from none at the first scale to --cfg at the last), constant, or a LIST of weights in place of --cfg',
      'ramp',
    )
    .option('--cfg-interval <from:to>', 'guide these scales only, counted from 1')
    .option(
      '--full-above <side>',
      "a ramp's scales above this side get all of --cfg; the family's own limit by default",
      wholeNumber('--full-above'),
    )
    .option('--top-k <k>', 'draw from the k most probable codes; 0 for all; or a LIST', list('--top-k', wholeNumber), 0)
    .option(
      '--top-p <p>',
      'draw from the most probable codes of this mass; 0 for all; or a LIST',
      list('--top-p', share),
      0,
    )
    .option('--temperature <t>', 'divides the logits; or a LIST', list('--temperature', number), 1)
    .option(
      '--greedy <scales>',
      "take the most probable token at these scales, or `published`: where the family's sampler does",
    ) // prettier-ignore
    .option('--invalid-ids <codes>', 'codes never drawn, e.g. 3,17, or @FILE of them')
    .option('--smooth', "mix codes instead of choosing one (VAR's more_smooth): for looks, not for figures")
    .option('--seed <n>', 'seed of the first image; the next ones follow', wholeNumber('--seed'), 0)
    .optionsGroup('Options:');
}

/** A number from 0 to 1. */
export function share(name: string): (text: string) => number {
  return (text) => {
    const value = number(name)(text);
    if (value > 1) throw new UsageError(`${name}: expected a number from 0 to 1, got ${value}`);
    return value;
  };
}

/** One value, or several with commas between them. */
function list(name: string, one: (name: string) => (text: string) => number): (text: string) => PerScale<number> {
  return (text) => {
    const values = text.split(',').map(one(name));
    return values.length === 1 ? values[0]! : values;
  };
}

function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${flag}: expected ${choices.join(' or ')}, got '${value}'`);
  return found;
}

/** A side, or height x width, as `8` or `4x6`. */
export function parseSize(flag: string, text: string): readonly [height: number, width: number] {
  const found = /^\s*([1-9]\d{0,4})(?:\s*[x×]\s*([1-9]\d{0,4}))?\s*$/i.exec(text);
  if (!found) throw new UsageError(`${flag}: expected a side or height x width, such as 8 or 4x6, got '${text}'`);
  return [Number(found[1]), Number(found[2] ?? found[1])];
}

/** A list of scales, as `1,2,3,4x6`. */
export function parseScales(flag: string, text: string): Scale[] {
  return text.split(',').map((part) => {
    const [height, width] = parseSize(flag, part);
    return height === width ? height : [height, width];
  });
}

/** The scales that the flags ask for, of a generator that samples with `own` ones and a tokenizer of some stride. */
export function scalesFrom(
  { scales, schedule, size }: Pick<SamplingFlags, 'scales' | 'schedule' | 'size'>,
  own: Scales,
  stride: number,
): Scales {
  if (scales !== undefined) {
    if (schedule !== undefined || size !== undefined)
      throw new UsageError('--scales: expected without --schedule and --size, which choose the scales too');
    return parseScales('--scales', scales);
  }
  const base = schedule === undefined ? own : publishedScales[schedule];
  if (!base)
    throw new UsageError(
      `--schedule: expected one of ${Object.keys(publishedScales).join(', ')}, got ${schedule}; --scales takes any list`,
    );
  if (size === undefined) return base;
  const sides = parseSize('--size', size);
  const latent = sides.map((side) => side / stride) as unknown as readonly [number, number];
  if (latent.every(Number.isInteger)) return stretchScales(base, latent);
  const nearest = latent.map((side) => Math.max(1, Math.round(side)) * stride).join('x');
  throw new UsageError(`--size: expected sides divisible by ${stride}, got ${size}; the nearest is ${nearest}`);
}

function guidanceFrom(flags: SamplingFlags, scales: Scales): Guidance {
  const { guidance, cfg, fullAbove } = flags;
  if (fullAbove !== undefined && guidance !== 'ramp')
    throw new UsageError(`--full-above: expected with the guidance ramp, got ${guidance}`);
  const interval = flags.cfgInterval === undefined ? {} : { interval: intervalFrom(flags.cfgInterval, scales.length) };
  if (/^[\d.]/.test(guidance))
    return { shape: 'list', weights: guidance.split(',').map(number('--guidance')), ...interval };
  if (guidance === 'ramp') return { shape: 'ramp', scale: cfg, ...(fullAbove !== undefined && { fullAbove }), ...interval }; // prettier-ignore
  if (guidance === 'constant') return { shape: 'constant', scale: cfg, ...interval };
  throw new UsageError(`--guidance: expected ramp, constant or weights such as 0,1,2, got '${guidance}'`);
}

function intervalFrom(text: string, count: number): [first: number, last: number] {
  const [from, to] = /^(\d+):(\d+)$/.exec(text)?.slice(1).map(Number) ?? [0, 0];
  if (from! >= 1 && from! <= to! && to! <= count) return [from! - 1, to! - 1];
  throw new UsageError(`--cfg-interval: expected FROM:TO within the scales 1 to ${count}, got '${text}'`);
}

function greedyFrom(text: string, scales: Scales): readonly Scale[] | 'published' {
  if (text === 'published') return text;
  const greedy = parseScales('--greedy', text);
  const missing = greedy.filter((one) => !scales.some((scale) => sameScale(scale, one)));
  if (!missing.length) return greedy;
  throw new UsageError(`--greedy: expected some of the scales ${scalesText(scales)}, got ${scalesText(missing)}`);
}

function invalidFrom(text: string): number[] {
  const path = text.startsWith('@') ? text.slice(1) : undefined;
  const codes = path === undefined ? text : explainIo(path, () => readFileSync(path, 'utf8'));
  const given = codes.split(/[\s,]+/).filter(Boolean);
  if (!given.length) throw new UsageError(`--invalid-ids: expected codes such as 3,17, or @FILE of them, got none`);
  return given.map(wholeNumber('--invalid-ids'));
}

/** The models and the way of sampling that the flags ask for, tried out. */
export function prepareSampling(flags: SamplingFlags): { models: Models; settings: SamplingSettings } {
  const { device, threads, topK, topP, temperature, greedy, invalidIds, smooth } = flags;
  useMachine({ device, threads });
  const asked = oneOf('--precision', flags.precision, ['auto', 'float32', 'bfloat16']);
  const weights = oneOf('--weights', flags.weights, ['float32', 'bfloat16']);
  const models = loadModels(flags.generator ?? shippedWeights(), flags.tokenizer, device, weights);
  const scales = scalesFrom(flags, models.card.scales, models.tokenizer.stride);
  const settings: SamplingSettings = {
    scales,
    guidance: guidanceFrom(flags, scales),
    topK,
    topP,
    temperature,
    device,
    precision: settlePrecision(asked, device),
    ...(greedy !== undefined && { greedyScales: greedyFrom(greedy, scales) }),
    ...(invalidIds !== undefined && { invalidIds: invalidFrom(invalidIds) }),
    ...(smooth && { smooth }),
  };
  checkSampling(models, settings);
  return { models, settings };
}

/** Refuses images of another size than the generator's own, where a classifier of that size is to judge them. */
export function refuseOtherSize(flag: string, { card, tokenizer }: Models, { scales }: SamplingSettings): void {
  const [height, width] = canvasSize(tokenizer, scales);
  if (height !== card.imageSize || width !== card.imageSize)
    throw new UsageError(
      `${flag}: the classifier judges images of ${card.imageSize} pixels, these scales make ${height}x${width}; leave --size, --scales and --schedule alone`,
    );
}

/** Class indices of names or numbers. */
export function classIndices(given: readonly string[], classes: readonly string[]): number[] {
  return given.map((text) => {
    const exact = classes.findIndex((name) => name.toLowerCase() === text.toLowerCase());
    if (exact >= 0) return exact;
    const index = Number(text);
    if (text.trim() !== '' && Number.isInteger(index) && index >= 0 && index < classes.length) return index;
    const names = classes.length > 30 ? `the ${classes.length} classes` : classes.join(', ');
    throw new UsageError(
      `--class: '${text}' is none of ${names} (or 0 to ${classes.length - 1})${didYouMean(text, classes)}`,
    );
  });
}
