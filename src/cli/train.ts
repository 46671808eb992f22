// `scalewise train` and `scalewise refine`: a generator from the start, or on from a checkpoint.
import type { Command } from 'commander';
import { openTrainingData } from '../data/index.js';
import {
  type GeneratorSettings,
  generatorPresets,
  generatorSettings,
  generatorToRefine,
  newGenerator,
  refinePresets,
  type RefineSettings,
  refineSettings,
  type Start,
  storedClasses,
  targetsFor,
  type TargetSource,
  targetsOfStore,
  trainGenerator,
  useMachine,
} from '../recipes/index.js';
import { sayBroken } from './broken.js';
import { exitCodeOf, outOf, printSettings, say, settingsFrom, type TrainingFlags, withTrainingFlags } from './settingsOptions.js'; // prettier-ignore
import { simulated } from './simulation.js';
import { type Job, joinJob } from './trainingWorld.js';

interface ModelFlags extends TrainingFlags {
  tokenizer?: string;
  generator?: string;
}

/** The model to train and where its targets come from: stored tokens, or images. */
async function begun<S extends GeneratorSettings | RefineSettings>(
  { settings, world, say }: Job<S>,
  begin: (settings: S, classes: readonly string[]) => Start,
): Promise<{ start: Start; source: TargetSource }> {
  if (settings.tokens !== undefined) {
    const start = begin(settings, storedClasses(settings.tokens));
    return { start, source: targetsOfStore(settings.tokens, settings, start.tokenizer, world.isFirst) };
  }
  const { images, broken } = await openTrainingData(settings.data, settings, say);
  if (world.isFirst) sayBroken(broken);
  const start = begin(settings, images.classes);
  return { start, source: await targetsFor(settings, start.tokenizer, images, world) };
}

async function run<S extends GeneratorSettings | RefineSettings>(
  kind: 'train' | 'refine',
  given: S,
  flags: ModelFlags,
  begin: (settings: S, classes: readonly string[]) => Start,
): Promise<void> {
  if (flags.dryRun) {
    printSettings(given);
    say(`${Math.ceil(given.images / given.batchSize)} steps; nothing was trained (--dry-run)`);
    return;
  }
  if (await simulated(given, flags)) return;
  const out = outOf(flags);
  const job = joinJob(given, flags);
  const { settings, world } = job;
  if (world.isFirst) printSettings(given);
  useMachine(settings);
  const { start, source } = await begun(job, begin);
  job.say(`generator of ${start.generator.parameterCount().toLocaleString('en')} parameters`);
  const end = await trainGenerator(kind, settings, start, source, out, job).finally(() => source.close());
  world.leave();
  process.exitCode = exitCodeOf(end);
}

export function registerTrain(program: Command): void {
  withTrainingFlags(program.command('train'), generatorPresets)
    .description('train a generator on the codes of a tokenizer')
    .option('-t, --tokenizer <path>', 'the tokenizer: a run folder or a tokenizer.safetensors')
    .addHelpText(
      'after',
      '\nExample:\n  scalewise train --preset fashion-mnist --tokenizer runs/tokenizer --out runs/generator\n',
    )
    .action(async (flags: ModelFlags) => {
      const direct = { tokenizer: flags.tokenizer };
      await run(
        'train',
        settingsFrom('train', generatorSettings, generatorPresets, flags, direct),
        flags,
        newGenerator,
      );
    });
}

export function registerRefine(program: Command): void {
  withTrainingFlags(program.command('refine'), refinePresets)
    .description('refine a trained generator by SAR, or go on with any other forcing strategy')
    .option('-g, --generator <path>', 'the generator to refine: a run folder or a generator.safetensors')
    .option('-t, --tokenizer <path>', 'its tokenizer; the one beside it by default')
    .addHelpText(
      'after',
      `
Examples:
  scalewise refine --preset fashion-mnist --generator runs/generator --out runs/sar
  scalewise refine --preset fashion-mnist --generator runs/generator --out runs/control --set forcing.forcing=teacher
`,
    )
    .action(async (flags: ModelFlags) => {
      const direct = { generator: flags.generator, tokenizer: flags.tokenizer };
      const settings = settingsFrom('refine', refineSettings, refinePresets, flags, direct);
      await run('refine', settings, flags, generatorToRefine);
    });
}
