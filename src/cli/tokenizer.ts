// `scalewise tokenizer train`.
import { type Command } from 'commander';
import { openTrainingData } from '../data/index.js';
import { loaderFor, newTokenizer, tokenizerPresets, tokenizerSettings, trainTokenizer } from '../recipes/index.js';
import { sayBroken } from './broken.js';
import { exitCodeOf, outOf, printSettings, say, settingsFrom, type TrainingFlags, withTrainingFlags } from './settingsOptions.js'; // prettier-ignore
import { simulated } from './simulation.js';
import { joinJob } from './trainingWorld.js';

async function train(flags: TrainingFlags): Promise<void> {
  const given = settingsFrom('tokenizer train', tokenizerSettings, tokenizerPresets, flags);
  if (flags.dryRun) {
    printSettings(given);
    const tokenizer = newTokenizer(given);
    say(`${tokenizer.parameterCount().toLocaleString('en')} parameters; nothing was trained (--dry-run)`);
    return;
  }
  if (await simulated(given, flags)) return;
  const out = outOf(flags);
  const job = joinJob(given, flags);
  const { settings, world } = job;
  if (world.isFirst) printSettings(given);
  const { images, broken } = await openTrainingData(settings.data, settings, job.say);
  if (world.isFirst) sayBroken(broken);
  const loader = loaderFor(settings, images);
  const { end } = await trainTokenizer(settings, loader, out, job).finally(() => loader.close());
  world.leave();
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
