// The flags that every training has: preset, file, --set, and the folder it writes to.
import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { UsageError } from '../util/errors.js';
import { resolveSettings } from '../util/settings.js';

/** The parsed flags of a training. */
export interface TrainingFlags {
  preset?: string;
  config?: string;
  set: string[];
  out?: string;
  data?: string;
  seed?: number;
  threads?: number;
  device?: string;
  dryRun?: boolean;
  simulateRanks?: number[];
  simulateImages?: number;
  rank?: number;
  worldSize?: number;
  localRank?: number;
  master?: string;
}

/** A whole number of at least 0. */
export function wholeNumber(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
      throw new UsageError(`${name}: expected a whole number, got '${text}'`);
    return value;
  };
}

/** A whole number of at least 1. */
export function positive(name: string): (text: string) => number {
  return (text) => {
    const value = wholeNumber(name)(text);
    if (value < 1) throw new UsageError(`${name}: expected at least 1, got ${value}`);
    return value;
  };
}

const numberWhere = (name: string, holds: (value: number) => boolean, expected: string) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || !holds(value))
    throw new UsageError(`${name}: expected a number ${expected}, got '${text}'`);
  return value;
};

/** A number of at least 0. */
export const number = (name: string) => numberWhere(name, (value) => value >= 0, 'of at least 0');

/** A number above 0. */
export const aboveZero = (name: string) => numberWhere(name, (value) => value > 0, 'above 0');

/** Adds the flags to a command. */
export function withTrainingFlags(command: Command, presets: Readonly<Record<string, object>>): Command {
  return command
    .option('-p, --preset <name>', `where settings begin: ${Object.keys(presets).join(', ')}`)
    .option('-c, --config <file>', 'a YAML or JSON file of settings, over the preset')
    .option('-s, --set <path=value>', 'one setting, over both; repeatable', (text, all: string[]) => [...all, text], [])
    .option('-o, --out <folder>', 'the run folder; the same command again goes on with what it holds')
    .option(
      '-d, --data <name>',
      'a packaged data set, a folder of images, a list, tar shards or Parquet files (docs/data.md)',
    )
    .option('--seed <n>', 'seed of everything random', wholeNumber('--seed'))
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'))
    .option('--device <name>', 'cpu, cuda or cuda:N')
    .option('--dry-run', 'print the resolved settings and stop')
    .option(
      '--simulate-ranks <list>',
      'play the training through for so many processes, e.g. 1,8,32: who gets which images, the rates; then stop',
      (text) => text.split(',').map(positive('--simulate-ranks')),
    )
    .option(
      '--simulate-images <n>',
      'for it: images of the set, where the data is elsewhere',
      positive('--simulate-images'),
    )
    .option('--rank <n>', 'where no launcher says it: which process of its job this is', wholeNumber('--rank'))
    .option('--world-size <n>', 'with it: processes of the job', positive('--world-size'))
    .option('--local-rank <n>', 'with it: which process of its machine, the GPU it takes', wholeNumber('--local-rank'))
    .option('--master <host:port>', 'with it: where process 0 is met');
}

/** The settings that the flags amount to. */
export function settingsFrom<S extends z.ZodType>(
  what: string,
  schema: S | ((given: Readonly<Record<string, unknown>>) => S),
  presets: Readonly<Record<string, object>>,
  flags: TrainingFlags,
  direct: Readonly<Record<string, unknown>> = {},
): z.output<S> {
  const { preset, config, set, data, seed, threads, device } = flags;
  const sources = { preset, file: config, set, direct: { data, seed, threads, device, ...direct } };
  return resolveSettings(what, schema, presets, sources);
}

/** Prints resolved settings as YAML. */
export function printSettings(settings: unknown): void {
  console.log(stringify(JSON.parse(JSON.stringify(settings))).trimEnd());
}

/** The --out flag, which a real run needs. */
export function outOf({ out }: TrainingFlags): string {
  if (out === undefined) throw new UsageError('--out: give the run folder, e.g. --out runs/first');
  return out;
}

/** Tells on stderr what is going on. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export { exitCodeOf } from '../util/signals.js';
