// `scalewise quickstart`: the main job, whole.
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { findPackagedData, getPackagedData, openData } from '../data/index.js';
import { generatorPresets, quickstart, type QuickstartOptions, useMachine } from '../recipes/index.js';
import { isFamily } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { sayBroken } from './broken.js';
import { exitCodeOf, say, wholeNumber } from './settingsOptions.js';

type Flags = Omit<QuickstartOptions, 'preset' | 'say'> & { family: string };

const presets = { flexvar: 'fashion-mnist', var: 'fashion-mnist-var' } as const;

async function run({ family, ...flags }: Flags): Promise<void> {
  if (!isFamily(family)) throw new UsageError(`--family: expected flexvar or var, got '${family}'`);
  const preset = presets[family];
  useMachine(flags);
  if (!existsSync(flags.data)) await getPackagedData(findPackagedData(flags.data), say);
  const { imageSize } = generatorPresets[preset];
  const train = await openData(flags.data, 'train', imageSize);
  const heldOut = await openData(flags.data, 'test', imageSize);
  sayBroken([...train.broken, ...heldOut.broken]);
  process.exitCode = exitCodeOf(
    await quickstart({ ...flags, preset, say }, { train: train.set, heldOut: heldOut.set }),
  );
}

export function registerQuickstart(program: Command): void {
  program
    .command('quickstart')
    .description(
      'the whole chain on real images: tokenizer, generator, SAR beside its control, samples, figures, report',
    )
    .option('-d, --data <name>', 'a packaged data set or a folder of images (used at 32 pixels)', 'fashion-mnist')
    .option('--family <name>', 'flexvar (scales are whole pictures) or var (scales are residuals)', 'flexvar')
    .option('-o, --out <folder>', 'where everything goes; the same command again goes on', 'quickstart')
    .option('--seed <n>', 'seed of everything random', wholeNumber('--seed'), 0)
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option('-n, --count <n>', 'samples that each model is judged by', wholeNumber('--count'), 2000)
    .addHelpText('after', '\nExample:\n  scalewise quickstart --out quickstart\n')
    .action(run);
}
