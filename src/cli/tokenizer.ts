// `scalewise tokenizer train`.
import { type Command } from 'commander';
import { openData } from '../data/index.js';
import { newTokenizer, tokenizerPresets, tokenizerSettings, trainTokenizer } from '../recipes/index.js';
import { sayBroken } from './broken.js';
import { exitCodeOf, outOf, printSettings, say, settingsFrom, type TrainingFlags, withTrainingFlags } from './settingsOptions.js'; // prettier-ignore

async function train(flags: TrainingFlags): Promise<void> {
  const settings = settingsFrom('tokenizer train', tokenizerSettings, tokenizerPresets, flags);
  printSettings(settings);
  if (flags.dryRun) {
    const tokenizer = newTokenizer(settings);
    say(`${tokenizer.parameterCount().toLocaleString('en')} parameters; nothing was trained (--dry-run)`);
    return;
  }
  const out = outOf(flags);
  const { set, broken } = await openData(settings.data, 'train', settings.imageSize);
  sayBroken(broken);
  const { end } = await trainTokenizer(settings, set, out, say);
  process.exitCode = exitCodeOf(end);
}

export function registerTokenizer(program: Command): void {
  const group = program
    .command('tokenizer')
    .description('train a tokenizer (scalewise reconstruct shows what it keeps of images)');
  withTrainingFlags(group.command('train'), tokenizerPresets)
    .description('train a tokenizer: images to codes at every scale, and back')
    .addHelpText('after', '\nExample:\n  scalewise tokenizer train --preset fashion-mnist --out runs/tokenizer\n')
    .action(train);
}
