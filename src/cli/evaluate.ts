// `scalewise evaluate`: a generator against held-out images, in the features of a small classifier of the same data.
import type { Command } from 'commander';
import { join } from 'node:path';
import { cacheFolder, openData } from '../data/index.js';
import { judgeFor, judgeModel, judgeReal } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { sayBroken } from './broken.js';
import { prepareSampling, refuseOtherSize, type SamplingFlags, withSamplingFlags } from './samplingOptions.js';
import { say, wholeNumber } from './settingsOptions.js';

interface Flags extends SamplingFlags {
  data?: string;
  classifier?: string;
  count: number;
  batch: number;
  json?: boolean;
}

/** Where a data set's classifier is kept unless the user says otherwise. */
export function classifierPath(data: string, side: number): string {
  return join(cacheFolder(), 'classifiers', `${data.replace(/[^\w-]+/g, '_')}-${side}.safetensors`);
}

async function run(flags: Flags): Promise<void> {
  const { models, settings } = prepareSampling(flags);
  refuseOtherSize('evaluate', models, settings);
  if (flags.smooth) throw new UsageError('--smooth: mixed codes are for looks and not for figures; leave it');
  const { imageSize, classes } = models.card;
  const name = flags.data ?? models.card.data;
  if (flags.count < classes.length || flags.batch < 1)
    throw new UsageError(`--count: expected at least one image a class (${classes.length}), got ${flags.count}`);
  const train = await openData(name, 'train', imageSize);
  const heldOut = await openData(name, 'test', imageSize);
  sayBroken([...train.broken, ...heldOut.broken]);
  if (train.set.classes.join() !== classes.join())
    throw new UsageError(
      `--data: the generator has the classes ${classes.join(', ')}; ${name} has ${train.set.classes.join(', ')}`,
    );
  const judge = judgeFor(flags.classifier ?? classifierPath(name, imageSize), train.set, heldOut.set, say);
  const { count, batch, seed } = flags;
  const figures = judgeModel(judge, models, settings, { count, batchSize: batch, seed });
  const real = judgeReal(judge, train.set, count);
  if (flags.json) {
    console.log(JSON.stringify({ generator: models.path, seed, settings, reference: judge.reference, classifierAccuracy: judge.accuracy, figures, real })); // prettier-ignore
    return;
  }
  const row = (label: string, { fcd, precision, recall, agreement }: typeof figures) =>
    `${label.padEnd(22)} FCD ${fcd.toFixed(2).padStart(7)}   precision ${precision.toFixed(3)}   recall ${recall.toFixed(3)}   class agreement ${(100 * agreement).toFixed(1)} %`;
  console.log(`${models.path}: ${count} samples against ${judge.reference}`);
  console.log(row('samples', figures));
  console.log(row('real training images', real));
  console.log(`FCD: Fréchet distance in the features of a classifier of this data set (accuracy ${(100 * judge.accuracy).toFixed(1)} %). It is not FID.`); // prettier-ignore
}

export function registerEvaluate(program: Command): void {
  withSamplingFlags(program.command('evaluate'))
    .description('measure a generator: Fréchet classifier distance (not FID), precision, recall, class agreement')
    .option('-d, --data <name>', 'a packaged data set or a folder; what the generator was trained on by default')
    .option('--classifier <file>', 'the classifier that judges; trained and kept in the cache where it is missing')
    .option('-n, --count <n>', 'samples, the classes in equal shares', wholeNumber('--count'), 2000)
    .option('-b, --batch <n>', 'images at once', wholeNumber('--batch'), 100)
    .option('--json', 'one line of JSON')
    .addHelpText('after', '\nExample:\n  scalewise evaluate --generator runs/sar --count 2000 --cfg 2\n')
    .action(run);
}
