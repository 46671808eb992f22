// `scalewise sample`: images of the classes asked for, as a grid, as files, as an evaluator's array, or growing scale by scale.
import { Option, type Command } from 'commander';
import { existsSync } from 'node:fs';
import {
  growthStrip,
  loadClassifier,
  markOf,
  type Models,
  type RejectionCounts,
  type SampleStream,
  sampleStream,
  type SamplingSettings,
} from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import { progress } from '../util/progress.js';
import { type Ended, watchSignals } from '../util/signals.js';
import { classifierPath } from './evaluateNetwork.js';
import { planFrom, type PlanFlags, type SamplePlan } from './samplePlan.js';
import { keptSettings, openTarget, type SampleTarget, type TargetFlags } from './sampleTarget.js';
import { prepareSampling, refuseOtherSize, type SamplingFlags, share, withSamplingFlags } from './samplingOptions.js';
import { positive, say } from './settingsOptions.js';
import { wasStopped } from './stopped.js';

interface Flags extends SamplingFlags, PlanFlags, TargetFlags {
  class: string[];
  batch: number;
  together?: boolean;
  strip?: boolean;
  reject?: number;
  accept?: number;
  classifier?: string;
  json?: boolean;
}

/** Rows of a picture that one still looks at. */
const mostRows = 50;

/** The choice among candidates that the flags ask for. */
function rejectionFrom(
  { reject, accept, classifier, device }: Flags,
  models: Models,
  settings: SamplingSettings,
): SampleStream['rejection'] {
  const { card } = models;
  if (reject === undefined) {
    if (accept === undefined && classifier === undefined) return undefined;
    throw new UsageError(`--${accept === undefined ? 'classifier' : 'accept'}: expected together with --reject`);
  }
  refuseOtherSize('--reject', models, settings);
  if (accept === 0) throw new UsageError('--accept: expected a probability above 0, got 0');
  const path = classifier ?? classifierPath(card.data, card.imageSize);
  if (!existsSync(path))
    throw new UsageError(`--reject: there is no classifier ${path}; \`scalewise evaluate\` trains one, or give one with --classifier`); // prettier-ignore
  const loaded = loadClassifier(path, device);
  if (loaded.classes !== card.classes.length)
    throw new UsageError(`${path}: expected a classifier of the generator's ${card.classes.length} classes, found one of ${loaded.classes}`); // prettier-ignore
  const counts: RejectionCounts = { images: 0, drawn: 0, reached: 0 };
  return { classifier: loaded, counts, candidates: reject, ...(accept !== undefined && { threshold: accept }) };
}

/** Fills a target; answers how it ended. Where it can go on later, a signal stops between images, and what is there stays. */
async function fill(
  target: SampleTarget,
  goesOn: boolean,
  models: Models,
  stream: Omit<SampleStream, 'start' | 'signal'>,
): Promise<Ended> {
  const watch = watchSignals();
  if (goesOn) watch.on();
  const total = stream.plan.length;
  const bar = progress({ label: 'sampling', total, unit: 'images', start: target.done });
  try {
    for await (const { cell, own } of sampleStream(models, { ...stream, start: target.done, signal: watch.signal })) {
      await target.add(cell, { class: models.card.classes[own.label as number], ...own });
      bar.update(target.done);
    }
  } finally {
    bar.stop();
    watch.off();
  }
  return target.done === total ? 'done' : watch.ended;
}

/** One image a class, decoded after every scale. */
async function strip({ out, seed }: Flags, models: Models, settings: SamplingSettings, plan: SamplePlan) {
  const labels = [...new Set(plan.images.map(({ label }) => label))];
  if (labels.length > mostRows)
    throw new UsageError(`--strip: expected at most ${mostRows} classes in a picture, got ${labels.length}; choose some with --class`); // prettier-ignore
  const seeds = labels.map((_, i) => seed + i);
  writeFileAtomic(out, (await growthStrip(models, labels, seeds, models.card.classes, settings)).data);
  console.log(out);
}

async function run(flags: Flags): Promise<void> {
  const { models, settings: wanted } = prepareSampling(flags);
  const { batch, files, npz, out, together = false } = flags;
  const independent = !together && wanted.precision === 'float32';
  const settings = { ...wanted, independent };
  const plan = planFrom(flags, models.card.classes);
  if (flags.strip) return strip(flags, models, settings, plan);
  const rejection = rejectionFrom(flags, models, settings);
  const asked = {
    ...(!independent && { batch }),
    ...(rejection && {
      candidates: rejection.candidates,
      accept: rejection.threshold,
      classifier: markOf(rejection.classifier.stateDict().values()),
    }),
    ...plan.asked,
  };
  const kept = keptSettings(models, settings, asked);
  const target = openTarget(flags, models, settings, plan, kept);
  const stream = { plan: plan.images, settings, batchSize: batch, ...(rejection && { rejection }) };
  const ended = await fill(target, files !== undefined || npz !== undefined, models, stream);
  if (wasStopped(ended, `${target.done} of ${plan.images.length} images`)) return;
  await target.finish();
  const counts = rejection?.counts;
  const path = files ?? npz ?? out;
  if (flags.json) {
    console.log(JSON.stringify({ path, images: target.done, settings: kept, ...(counts && { rejection: counts }) }));
    return;
  }
  if (counts) say(`rejection: ${counts.drawn} candidates drawn for ${counts.images} images${rejection.threshold === undefined ? '' : `, ${counts.reached} of which reached ${rejection.threshold}`}`); // prettier-ignore
  console.log(path === out ? path : `${target.done} images in ${path}`);
}

/** Adds the command `sample`. */
export function registerSample(program: Command): void {
  const command = withSamplingFlags(program.command('sample'))
    .description('sample images of the classes asked for; the same seed gives the same image, however many are made')
    .optionsGroup('Images:')
    .option(
      '--class <name>',
      'a class by name or number; repeatable; all classes by default',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option('-n, --count <n>', 'images a class', positive('--count'), 8)
    .addOption(
      new Option('--seeds <list>', 'an image a class for each of these seeds, in place of --count and --seed').conflicts(['count', 'seed']), // prettier-ignore
    )
    .addOption(
      new Option('--total <n>', 'images in all, the classes in equal shares, in place of --count')
        .argParser(positive('--total'))
        .conflicts(['count', 'seeds']),
    )
    .option('--order <order>', 'of the classes of --total: shuffled (the default), sorted or interleaved')
    .option('--together', 'compute the images of a batch together: faster, and other in their last bits')
    .option('-b, --batch <n>', 'images that are computed together (always in bfloat16)', positive('--batch'), 50);
  command
    .optionsGroup('Choice of images:')
    .option('--reject <n>', 'draw up to so many candidates for an image; a classifier chooses', positive('--reject'))
    .option('--accept <p>', 'take a candidate at once whose class has this probability', share('--accept'))
    .option(
      '--classifier <file>',
      "the classifier; by default what `scalewise evaluate` keeps of the generator's data",
    );
  command
    .optionsGroup('Output:')
    .option('-o, --out <file>', 'the picture, a row a class', 'samples.png')
    .addOption(
      new Option('--files <folder>', 'a PNG an image instead; the same command goes on where it was stopped').conflicts(['npz', 'out']), // prettier-ignore
    )
    .addOption(new Option('--npz <file>', "the array of ADM's evaluator instead; goes on likewise").conflicts('out'))
    .addOption(
      new Option('--strip', 'one image a class, scale by scale, instead').conflicts(['count', 'seeds', 'total', 'order', 'files', 'npz', 'reject', 'accept', 'classifier', 'json', 'batch', 'together']), // prettier-ignore
    )
    .option('--json', 'one line of JSON: the path, and the settings')
    .optionsGroup('Options:')
    .addHelpText(
      'after',
      `
Examples:
  scalewise sample --class Sneaker --class Bag --count 8 --seed 1 --out samples.png
  scalewise sample --generator runs/sar --strip --out scale-by-scale.png
  scalewise sample --size 32x48 --greedy published --out wide.png
  scalewise sample -g flexvar-d24 --schedule 13 --cfg 2.5 --top-k 900 --top-p 0.95 --total 50000 --npz samples.npz
  scalewise sample --total 1000 --reject 8 --accept 0.9 --files samples
`,
    )
    .action(run);
}
