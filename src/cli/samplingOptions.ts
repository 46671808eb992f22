// The flags of every command that samples a generator.
import { type Command } from 'commander';
import { type Models, loadModels, type SamplingSettings, settlePrecision, useMachine } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';
import { shippedWeights } from './shippedWeights.js';
import { number, wholeNumber } from './settingsOptions.js';

/** The parsed flags. */
export interface SamplingFlags {
  generator?: string;
  tokenizer?: string;
  cfg: number;
  guidance: string;
  topK: number;
  topP: number;
  temperature: number;
  scales?: string;
  seed: number;
  device: string;
  threads: number;
  precision: string;
}

/** Adds them to a command. */
export function withSamplingFlags(command: Command): Command {
  return command
    .option(
      '-g, --generator <path>',
      'a run folder or a generator.safetensors; the weights that come with Scalewise by default',
    )
    .option('-t, --tokenizer <path>', 'its tokenizer; the one beside it by default')
    .option('--cfg <scale>', 'strength of classifier-free guidance; 0 for none', number('--cfg'), 2)
    .option('--guidance <shape>', 'ramp (from none at the first scale to --cfg at the last) or constant', 'ramp')
    .option('--top-k <k>', 'draw from the k most probable codes; 0 for all', wholeNumber('--top-k'), 0)
    .option('--top-p <p>', 'draw from the most probable codes that make up this mass; 0 for all', number('--top-p'), 0)
    .option('--temperature <t>', 'divides the logits', number('--temperature'), 1)
    .option('--scales <list>', "sides of the scales, e.g. 1,2,3,4,6,8; the generator's own by default")
    .option('--seed <n>', 'seed of the first image; the next ones follow', wholeNumber('--seed'), 0)
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option('--precision <name>', 'auto, float32 or bfloat16', 'auto');
}

function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${flag}: expected ${choices.join(' or ')}, got '${value}'`);
  return found;
}

/** The models and the way of sampling that the flags ask for. */
export function prepareSampling(flags: SamplingFlags): { models: Models; settings: SamplingSettings } {
  const { device, threads, cfg, topK, topP, temperature } = flags;
  useMachine({ device, threads });
  const shape = oneOf('--guidance', flags.guidance, ['ramp', 'constant']);
  const asked = oneOf('--precision', flags.precision, ['auto', 'float32', 'bfloat16']);
  if (topP > 1) throw new UsageError(`--top-p: expected a mass from 0 to 1, got ${topP}`);
  const models = loadModels(flags.generator ?? shippedWeights(), flags.tokenizer, device);
  const scales = flags.scales?.split(',').map(wholeNumber('--scales')) ?? models.card.scales;
  const settings: SamplingSettings = {
    scales,
    topK,
    topP,
    temperature,
    device,
    precision: settlePrecision(asked, device),
  };
  const guided = shape === 'constant' ? cfg !== 1 : cfg !== 0;
  return { models, settings: guided ? { ...settings, guidance: { shape, scale: cfg } } : settings };
}

/** Class indices of names or numbers. */
export function classIndices(given: readonly string[], classes: readonly string[]): number[] {
  return given.map((text) => {
    const exact = classes.findIndex((name) => name.toLowerCase() === text.toLowerCase());
    if (exact >= 0) return exact;
    const index = Number(text);
    if (text.trim() !== '' && Number.isInteger(index) && index >= 0 && index < classes.length) return index;
    throw new UsageError(
      `--class: '${text}' is none of ${classes.join(', ')} (or 0 to ${classes.length - 1})${didYouMean(text, classes)}`,
    );
  });
}
