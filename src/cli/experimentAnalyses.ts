// `scalewise experiment difference-maps | divergence | imbalance | continuation`: figures of generators as they are, nothing is trained.
import type { Command } from 'commander';
import { join } from 'node:path';
import {
  cacheState,
  getPackagedData,
  imageCount,
  openTrainingData,
  packagedData,
  type TrainingData,
} from '../data/index.js';
import { statisticsOf } from '../evaluate/index.js';
import {
  type Analysis,
  chooseImages,
  continuation,
  differenceMaps,
  divergence,
  featuresOfAll,
  givenScales,
  imbalance,
  look,
  type Named,
  openSubjects,
  readChosen,
  type Subjects,
} from '../experiments/index.js';
import { type EvaluationNetwork, useMachine } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { shellLine } from '../util/shell.js';
import type { NetworkFlags } from './evaluateNetwork.js';
import { networkOf, withNetwork } from './experimentAnalysesNetwork.js';
import { share } from './samplingOptions.js';
import { aboveZero, number, positive, say, wholeNumber } from './settingsOptions.js';
import { shippedWeights } from './shippedWeights.js';

interface Flags extends NetworkFlags {
  before?: string[];
  control?: string[];
  after?: string[];
  tokenizer?: string;
  data?: string;
  count: number;
  shown: number;
  seed: number;
  seeds?: number;
  cfg?: number;
  topK?: number;
  topP?: number;
  temperature?: number;
  until: number;
  batch: number;
  out?: string;
  threads: number;
}

/** A generator from the words behind a flag: its path, and a label. */
function named(role: Named['role'], words: readonly string[] | undefined): Named[] {
  if (!words) return [];
  const [path, label, ...more] = words as [string, string?, ...string[]];
  if (more.length)
    throw new UsageError(
      `--${role}: expected a path and a label, got ${words.length} words; put the label into quotes`,
    );
  return [{ role, path, label }];
}

/** The generators asked for; those that come with Scalewise where none is. */
function generatorsOf({ before, control, after }: Flags): Named[] {
  if (!before && !after) return generatorsOf({ before: [shippedWeights('generator')], control, after: [shippedWeights('generator-sar')] } as Flags); // prettier-ignore
  return [...named('before', before), ...named('control', control), ...named('after', after)];
}

/** What a command does with its analysis. */
interface Given {
  analysis: Analysis;
  flags: Flags;
  /** All held-out images. */
  heldOut: TrainingData['images'];
  network: () => Promise<EvaluationNetwork>;
}

async function openHeldOut(data: string, imageSize: number, { card }: Subjects): Promise<TrainingData['images']> {
  const packaged = packagedData.find(({ name }) => name === data);
  if (packaged && cacheState(packaged).state !== 'whole') await getPackagedData(packaged, say);
  const { images } = await openTrainingData(data, { imageSize, crop: false }, say, 'test');
  if (images.classes.length !== card.classes.length)
    throw new UsageError(`--data: expected images of the generator's ${card.classes.length} classes, ${data} has ${images.classes.length}; give the held-out images of its own data`); // prettier-ignore
  return images;
}

async function prepare(name: string, flags: Flags): Promise<Given> {
  const { device, tokenizer, seed, count, batch: batchSize, seeds = 1 } = flags;
  const { cfg = 0, topK = 0, topP = 0, temperature = 1 } = flags;
  useMachine(flags);
  const subjects = openSubjects(generatorsOf(flags), tokenizer, device);
  const { card, scales } = subjects;
  const data = flags.data ?? card.data;
  const heldOut = await openHeldOut(data, card.imageSize, subjects);
  const chosen = chooseImages(heldOut.labels, count, seed);
  const images = await readChosen(heldOut, card.imageSize, chosen);
  const analysis: Analysis = {
    subjects, images, seed, seeds, batchSize,
    reference: `${heldOut.name} test (${heldOut.labels.length} images)`,
    shown: Math.min(flags.shown, imageCount(images)),
    passes: { scales, cfg, topK, topP, temperature, device },
    out: flags.out ?? join('runs', name),
    command: shellLine(['scalewise', 'experiment', ...process.argv.slice(3)]),
  }; // prettier-ignore
  const own = { name: data, classes: card.classes.length, side: card.imageSize };
  return { analysis, flags, heldOut, network: () => networkOf(flags, own) };
}

/** How many images a command looks at and shows unless the user says otherwise. */
interface Defaults {
  count: number;
  shown: number;
}

function withCommonFlags(command: Command, name: string, { count, shown }: Defaults): Command {
  const words = (role: string) => `the generator ${role}: a path or a pulled name, and its label in tables`;
  return command
    .optionsGroup('Generators (those that come with Scalewise where neither is given):')
    .option('--before <path...>', words('before refinement'))
    .option('--after <path...>', words('after it'))
    .option('--control <path...>', words('that had as many more steps of teacher forcing'))
    .option('-t, --tokenizer <path>', 'their tokenizer; the one beside the first by default')
    .optionsGroup('Images:')
    .option('-d, --data <name>', 'whose held-out images; what the generators were trained on by default')
    .option('-n, --count <n>', 'images, the classes in equal shares', positive('--count'), count)
    .option('--shown <n>', 'images of the picture', positive('--shown'), shown)
    .option('--seed <n>', 'chooses the images and begins the seeds of tokens', wholeNumber('--seed'), 0)
    .optionsGroup('Options:')
    .option('-o, --out <folder>', 'figures and report; the same command again goes on', join('runs', name))
    .option('-b, --batch <n>', 'images at once', positive('--batch'), 50)
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0);
}

function withSampling(command: Command, cfg: number): Command {
  return command
    .optionsGroup('Choice of tokens:')
    .option('--seeds <n>', 'seeds that everything drawn is repeated with', positive('--seeds'), 3)
    .option('--cfg <scale>', 'strength of guidance, a ramp; 0 for none', number('--cfg'), cfg)
    .option('--top-k <k>', 'draw from the k most probable codes; 0 for all', wholeNumber('--top-k'), 0)
    .option('--top-p <p>', 'draw from the most probable codes of this mass; 0 for all', share('--top-p'), 0)
    .option('--temperature <t>', 'divides the logits that tokens are drawn from', aboveZero('--temperature'), 1);
}

/** Adds a command of its own description and flags. */
function add(
  group: Command,
  name: string,
  about: Defaults & { description: string; flags: (command: Command) => Command },
  run: (given: Given) => Promise<void>,
): void {
  about
    .flags(withCommonFlags(group.command(name).description(about.description), name, about))
    .addHelpText(
      'after',
      `\nExample:\n  scalewise experiment ${name} --before runs/generator --control runs/control --after runs/sar\n`,
    )
    .action(async (given: Flags) => {
      const prepared = await prepare(name, given);
      await run(prepared);
      console.log(join(prepared.analysis.out, 'report.html'));
    });
}

async function runContinuation({ analysis, flags, heldOut, network: open }: Given): Promise<void> {
  const given = givenScales(analysis.subjects.scales, flags.until);
  const network = await open();
  const features_ND = await featuresOfAll(
    heldOut,
    analysis.images.height,
    (image_B3HW) => look(network, image_B3HW).features_BD,
  );
  const statistics = statisticsOf(features_ND);
  features_ND.dispose();
  await continuation({ ...analysis, network, given, heldOut: statistics });
}

/** Adds the experiments that train nothing to `scalewise experiment`. */
export function registerAnalyses(group: Command): void {
  add(
    group,
    'difference-maps',
    {
      count: 200,
      shown: 4,
      description: 'maps of differences between scales, before and after SAR, in both readings (SAR, figure 8)',
      flags: (command) => withSampling(command, 1),
    },
    ({ analysis }) => differenceMaps(analysis),
  );
  add(
    group,
    'divergence',
    {
      count: 500,
      shown: 2,
      description: 'pictures and predictions under true and under own inputs: how the error grows from scale to scale',
      flags: (command) => withNetwork(withSampling(command, 0)),
    },
    async ({ analysis, network }) => divergence({ ...analysis, network: await network() }),
  );
  add(
    group,
    'imbalance',
    {
      count: 1000,
      shown: 4,
      description: 'targets and inputs of every scale in latent and in image space, and the information a scale adds',
      flags: (command) => command,
    },
    ({ analysis }) => imbalance(analysis),
  );
  add(
    group,
    'continuation',
    {
      count: 500,
      shown: 6,
      description: 'images gone on with from the same true coarse scales, before and after SAR',
      flags: (command) =>
        withNetwork(withSampling(command, 1)).option(
          '--until <side>',
          'the scales up to this side are given',
          positive('--until'),
          4,
        ),
    },
    runContinuation,
  );
}
