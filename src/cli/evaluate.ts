// `scalewise evaluate`: generators, files of samples or images against real images, in the features of Inception-v3, of a classifier of the data, or
// of another network; with the noise of each figure, and whether two models differ by more.
import { type Command, Option } from 'commander';
import { extname, join } from 'node:path';
import { imageCount } from '../data/index.js';
import { resolveTopology, type Topology } from '../launch/index.js';
import {
  dataSubject,
  evaluate,
  type EvaluationNetwork,
  type EvaluationPlan,
  featuresFor,
  spread,
  type StatisticsFile,
  Stopped,
  type Subject,
  useMachine,
  writeReference,
} from '../recipes/index.js';
import { deviceOf } from '../train/index.js';
import { libtorch } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import { watchSignals } from '../util/signals.js';
import { dataOf, type DataSplits, networkOf, openSplits } from './evaluateNetwork.js';
import { type GivenSubject, isFolder, referenceOf, subjectsOf } from './evaluateSubjects.js';
import { evaluationJson, evaluationText } from './evaluateText.js';
import { type SamplingFlags, withSamplingFlags } from './samplingOptions.js';
import { positive, wholeNumber } from './settingsOptions.js';
import { wasStopped } from './stopped.js';

interface Flags extends SamplingFlags {
  data?: string;
  reference?: string;
  classifier?: string;
  inception?: string | true;
  features?: string;
  count: number;
  batch: number;
  part: number;
  replicates?: number;
  out?: string;
  writeReference?: string;
  referenceImages?: number;
  json?: boolean;
}

/** The classifier judges images of the size it was trained on. */
function refuseOtherSize({ subject, card, path }: GivenSubject): void {
  if (!card || (subject.height === card.imageSize && subject.width === card.imageSize)) return;
  throw new UsageError(`evaluate: the classifier judges images of ${card.imageSize} pixels, these scales make ${subject.height}x${subject.width} (${path}); leave --size, --scales and --schedule alone`); // prettier-ignore
}

/** All that is evaluated, opened and checked. */
interface Prepared {
  given: GivenSubject[];
  network: EvaluationNetwork;
  /** Undefined where a reference is to be written. */
  reference: Subject | StatisticsFile | undefined;
  real: Subject | undefined;
}

async function prepare(paths: readonly string[], flags: Flags, rank: number): Promise<Prepared> {
  const { count, data } = flags;
  const given = await subjectsOf(paths, flags);
  const asked = flags.reference === undefined ? undefined : await referenceOf(flags.reference, flags);
  let opened: DataSplits | undefined;
  const splits = async () => (opened ??= await openSplits(data ?? dataOf(given), given[0]!.subject.height, given));
  const network = await networkOf(flags, asked, splits, rank);
  if (network.kind === 'classifier') given.forEach(refuseOtherSize);
  const isReference = flags.writeReference !== undefined;
  if (data !== undefined && !opened && (asked || isReference)) {
    network.dispose();
    throw new UsageError(`--data: it would do nothing beside ${asked ? '--reference' : '--write-reference'}, in the features of ${network.name}; leave it`); // prettier-ignore
  }
  const reference = asked ?? (isReference ? undefined : dataSubject((await splits()).heldOut));
  const showReal = !asked && !isReference && network.kind === 'classifier';
  const train = showReal ? (await splits()).train : undefined;
  return { given, network, reference, real: train && dataSubject(train, spread(imageCount(train), count)) };
}

/** What ends work at a signal: listened to while features are computed; else a signal ends the program at once. */
type Stopping = Pick<EvaluationPlan, 'signal' | 'gathering'>;

/** Runs `body` until it ends or a signal comes; tells how it ended. */
async function untilSignal(body: (stopping: Stopping) => Promise<void>, kept: boolean): Promise<void> {
  const watch = watchSignals();
  try {
    await body({ signal: watch.signal, gathering: { begin: watch.on, end: watch.off } });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    wasStopped(watch.ended, error.message, kept ? undefined : 'with --out FOLDER it could have gone on from here');
  }
}

function print(found: object, lines: readonly string[], { json, out }: Flags): void {
  if (out !== undefined) writeFileAtomic(join(out, 'result.json'), `${JSON.stringify(found, null, 2)}\n`);
  if (json) console.log(JSON.stringify(found));
  else for (const line of lines) console.log(line);
}

/** Writes a reference of the one subject. */
async function makeReference(
  path: string,
  { given, network }: Prepared,
  plan: EvaluationPlan,
  flags: Flags,
): Promise<void> {
  // prettier-ignore
  const { subject } = given[0]!;
  const features = await featuresFor(subject, 'reference', plan);
  if (!features) return;
  using own = features;
  const { images } = await writeReference(path, subject, network, own, { images: flags.referenceImages ?? 10_000, batchSize: plan.batchSize }); // prettier-ignore
  const found = { path, network: { name: network.name, sha256: network.sha256 }, images: subject.count, kept: images };
  print(found, [`${path}: statistics of ${subject.count} images of ${subject.name} in the features of ${network.name}, and ${images} of the images`], flags); // prettier-ignore
}

function refuse(
  { smooth, out, writeReference: write, reference, referenceImages, replicates }: Flags,
  { size }: Topology,
  paths: readonly string[],
): void {
  // prettier-ignore
  if (smooth) throw new UsageError('--smooth: mixed codes are for looks and not for figures; leave it');
  if (size > 1 && out === undefined)
    throw new UsageError('--out: expected a folder where the processes put their parts; give one that all of them see');
  if (replicates === 1) throw new UsageError('--replicates: expected at least 2, or 0 for none, got 1');
  if (write === undefined) {
    if (referenceImages === undefined) return;
    throw new UsageError('--reference-images: expected together with --write-reference, whose images it counts');
  }
  if (extname(write) !== '.npz')
    throw new UsageError(`--write-reference: expected a name that ends in .npz, by which --reference knows it, got ${write}`); // prettier-ignore
  if (replicates !== undefined)
    throw new UsageError(
      '--replicates: it would do nothing beside --write-reference, which measures nothing; leave it',
    );
  if (reference !== undefined) throw new UsageError('--write-reference: expected without --reference, which it makes');
  if (paths.length > 1) throw new UsageError(`--write-reference: expected one set of images, got ${paths.length}`);
}

/** What only generators are sampled by. */
const ofGenerators = ['tokenizer', 'precision', 'weights', 'scales', 'schedule', 'cfg', 'guidance', 'cfgInterval', 'fullAbove', 'topK', 'topP', 'temperature', 'greedy', 'invalidIds']; // prettier-ignore

/** Refuses ways of sampling where nothing is sampled; a size where no folder's images are brought to it, and a count where no real images show it. */
function refuseSampling({ given, real }: Prepared, { reference }: Flags, command: Command): void {
  if (given.some(({ card }) => card)) return;
  const hasFolder = [...given.map(({ path }) => path), reference ?? ''].some(isFolder);
  const idles = [...ofGenerators, ...(hasFolder ? [] : ['size']), ...(real ? [] : ['count'])];
  const idle = command.options.find((option) => idles.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli'); // prettier-ignore
  if (idle) throw new UsageError(`${idle.long}: it would do nothing, since no generator is among what is evaluated; leave it`); // prettier-ignore
}

async function run(paths: readonly string[], given: Flags, command: Command): Promise<void> {
  const topology = resolveTopology(process.env);
  const { rank, size } = topology;
  const device = deviceOf(given.device, topology, libtorch().cudaDevices);
  const flags = { ...given, device };
  const { out, batch, part, seed, replicates, threads } = flags;
  refuse(flags, topology, paths);
  useMachine({ device, threads });
  const prepared = await prepare(paths, flags, rank);
  refuseSampling(prepared, flags, command);
  const { given: all, network, reference, real } = prepared;
  try {
    await untilSignal(async (stopping) => {
      const subjects = all.map(({ subject }) => subject);
      const how = { partSize: part, batchSize: batch, rank, size, ...stopping };
      const plan = { ...how, subjects, real, reference: reference ?? subjects[0]!, network, folder: out, seed, replicates, device }; // prettier-ignore
      if (flags.writeReference !== undefined) return makeReference(flags.writeReference, prepared, plan, flags);
      const found = await evaluate(plan);
      if (found) print(evaluationJson(found), evaluationText(found, [network.note]), flags);
    }, out !== undefined);
  } finally {
    network.dispose();
  }
}

/** Adds the command `evaluate`. */
export function registerEvaluate(program: Command): void {
  const command = withSamplingFlags(program.command('evaluate'))
    .description('measure generators or files of samples: FID, FCD, precision, recall and others, with their noise')
    .argument('[models...]', 'run folders, files or pulled names of generators; .npz files of samples; folders of images; packaged data sets, as NAME or NAME:test') // prettier-ignore
    .optionsGroup('Compared with:')
    .option('-r, --reference <what>', 'statistics or images as .npz, a folder of images, or a packaged data set as NAME or NAME:train')
    .option('-d, --data <name>', 'without --reference: a packaged data set or a folder, whose held-out images count; what the generator was trained on by default') // prettier-ignore
    .optionsGroup('In the features of:')
    .option('--classifier <file>', 'a classifier of the data, the default; trained and kept in the cache where it is missing')
    .addOption(new Option('--inception [file]', 'Inception-v3, for FID: the published weights, in the cache by default').conflicts(['classifier', 'features'])) // prettier-ignore
    .addOption(new Option('--features <file>', 'another network, e.g. DINOv2').conflicts(['classifier', 'inception'])); // prettier-ignore
  command
    .optionsGroup('Images:')
    .option('-n, --count <n>', 'samples of each generator, the classes in equal shares', positive('--count'), 2000)
    .option('-b, --batch <n>', 'images at once', positive('--batch'), 100)
    .option('--part <n>', 'images of a part, which one process computes', positive('--part'), 500)
    .option(
      '--replicates <n>',
      'of the bootstrap of the distance: 200, or 40 of features wider than 512; 0 for none',
      wholeNumber('--replicates'),
    ) // prettier-ignore
    .optionsGroup('Output:')
    .option('-o, --out <folder>', 'keeps features and result; the same command goes on with what is there')
    .option('--write-reference <file>', 'make a reference (.npz, as ADM has it) of the images instead')
    .option(
      '--reference-images <n>',
      'for it: images to keep for precision and recall; 10000 by default',
      wholeNumber('--reference-images'),
    ) // prettier-ignore
    .option('--json', 'one line of JSON')
    .optionsGroup('Options:')
    .addHelpText(
      'after',
      `
Examples:
  scalewise evaluate --generator runs/sar --count 2000 --cfg 2
  scalewise evaluate runs/generator runs/sar --count 5000 --out runs/comparison
  scalewise evaluate samples.npz --reference VIRTUAL_imagenet256_labeled.npz --inception
  scalewise evaluate photos --size 64 --inception --write-reference photos-64.npz
  scalewise launch --nproc 4 evaluate flexvar-d24 --inception --reference photos-64.npz --out evaluation
`,
    )
    .action(run);
}
