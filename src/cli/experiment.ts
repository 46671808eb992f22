// `scalewise experiment …`: the paper's tables and figures, each beside its control.
import { type Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { findPackagedData, getPackagedData, openData, openTrainingData } from '../data/index.js';
import { armCommands, fromEverywhere, generatorAtHand, type Ground, grounds, type Materials, measureCommands, parseValues, type RefinementExperiment, refinementExperiments, reportRefinement, runRefinement, type SeedRange, seedRange, withBaseSeed } from '../experiments/index.js'; // prettier-ignore
import {
  type Assessor,
  classifierAt,
  classifierJudge,
  classifierMeasure,
  inceptionAssessor,
  loadGenerator,
  useMachine,
} from '../recipes/index.js';
import { findPublished } from '../hub/index.js';
import { UsageError } from '../util/errors.js';
import { shellLine } from '../util/shell.js';
import { didYouMean } from '../util/suggest.js';
import { sayBroken } from './broken.js';
import { classifierPath } from './evaluateNetwork.js';
import { registerAnalyses } from './experimentAnalyses.js';
import { share } from './samplingOptions.js';
import { positive, say, wholeNumber } from './settingsOptions.js';
import { wasStopped } from './stopped.js';

interface Flags {
  preset: string;
  generator?: string;
  baseSeed?: number;
  data?: string;
  arms?: string;
  set: string[];
  out: string;
  seeds?: SeedRange;
  cfg?: number[];
  temperature?: number[];
  topK?: number;
  topP?: number;
  count?: number;
  batch: number;
  classifier?: string;
  reference?: string;
  inception?: string;
  device: string;
  threads: number;
  plan?: boolean;
  report?: boolean;
}

function groundOf({ preset, data }: Flags): Ground {
  const ground = Object.hasOwn(grounds, preset) ? grounds[preset] : undefined;
  if (ground && (data === undefined || data === ground.data)) return ground;
  if (ground) return { ...ground, title: `${ground.title.split(',')[0]}, ${basename(data!)}` };
  const names = Object.keys(grounds);
  throw new UsageError(`--preset: '${preset}' is none of ${names.join(', ')}${didYouMean(preset, names)}`);
}

/** The control and those of the other arms that are asked for. */
function chosenArms({ arms: all }: RefinementExperiment, { arms }: Flags): RefinementExperiment['arms'] {
  if (arms === undefined) return all;
  const wanted = arms.split(',').map((name) => name.trim());
  const names = all.map(({ name }) => name);
  for (const name of wanted)
    if (!names.includes(name))
      throw new UsageError(`--arms: '${name}' is none of ${names.join(', ')}${didYouMean(name, names)}`);
  return all.filter(({ name }, i) => i === 0 || wanted.includes(name));
}

/** What measures a ground by FID. */
async function largeAssessor(ground: Ground, { reference, inception: weights, device }: Flags): Promise<Assessor> {
  if (reference === undefined)
    throw new UsageError(`--reference: the preset ${ground.name} is measured by FID against a file of statistics; give ADM's, or make one with \`scalewise evaluate --write-reference\``); // prettier-ignore
  return inceptionAssessor(reference, { device, ...(weights !== undefined && { weights }) });
}

/** Images and network of a ground that is measured by FID. */
async function openLarge(ground: Ground, data: string, flags: Flags): Promise<Materials> {
  const assessor = await largeAssessor(ground, flags);
  const { images, broken } = await openTrainingData(data, { imageSize: 256, crop: true }, say);
  sayBroken(broken);
  return { data, train: images, assessor };
}

function dataOf(ground: Ground, flags: Flags): string {
  const data = flags.data ?? ground.data;
  if (data === undefined)
    throw new UsageError(`--data: the preset ${ground.name} needs the training images; give their folder`);
  return data;
}

/** The images of a ground that is measured by a classifier, and where that lies; a packaged data set is fetched where it is missing. */
async function openSmall(ground: Ground, data: string, flags: Flags, generator: string | undefined) {
  const loaded = generator === undefined ? undefined : loadGenerator(generator);
  const side = loaded?.card.imageSize ?? 32;
  loaded?.generator.dispose();
  if (data === ground.data && !existsSync(data)) await getPackagedData(findPackagedData(data), say);
  const { set: train } = await openData(data, 'train', side);
  const { set: heldOut } = await openData(data, 'test', side);
  return { train, heldOut, path: flags.classifier ?? classifierPath(data, side) };
}

/** Opens images and network that a ground is measured by. */
async function openMaterials(ground: Ground, flags: Flags, generator: string | undefined): Promise<Materials> {
  const data = dataOf(ground, flags);
  if (ground.measure.network === 'inception') return openLarge(ground, data, flags);
  const { train, heldOut, path } = await openSmall(ground, data, flags, generator);
  const assessor = await classifierJudge(classifierAt(path, { train, heldOut }, say), heldOut);
  return { data, train, heldOut, assessor };
}

/** What a report needs of a ground: no features of images, and of a large one no images. */
async function openForReport(ground: Ground, flags: Flags, generator: string | undefined) {
  const data = dataOf(ground, flags);
  if (ground.measure.network === 'inception') return { data, assessor: await largeAssessor(ground, flags) };
  const { heldOut, path } = await openSmall(ground, data, flags, generator);
  if (!existsSync(path))
    throw new UsageError(`--report: the classifier ${path}, which measures, is not there; give it with --classifier, or run the experiment without --report first`); // prettier-ignore
  return { data, assessor: classifierMeasure(path, heldOut) };
}

/** The grounds of an experiment, refused where one of them has no generator and no way to train one. */
function groundsFor({ name, grounds: groundsOf }: RefinementExperiment, chosen: Ground): readonly Ground[] {
  const all = groundsOf?.(chosen) ?? [chosen];
  if (all.some(({ published, recipe }) => published === undefined && !recipe))
    throw new UsageError(`--preset: ${name} trains a tokenizer and a generator first, and there is no recipe of them for ${chosen.title}; take a preset of small images`); // prettier-ignore
  return all;
}

/** Seeds of each arm: those that are asked for, else three, or for a report all that there are. */
const seedsFor = ({ seeds, report }: Flags): SeedRange => seeds ?? { first: 0, last: report ? Infinity : 2 };

function temperatures(text: string): number[] {
  const values = parseValues('--temperature', text);
  if (values.includes(0)) throw new UsageError('--temperature: expected numbers above 0, got 0');
  return values;
}

/** How models are measured: as the user says, else as the preset does. */
const measuringOf = ({ cfg, temperature, topK, topP, count, batch }: Flags, { measure }: Ground) => ({
  batchSize: batch,
  cfgs: cfg ?? measure.cfgs,
  temperatures: temperature ?? [1],
  topK: topK ?? measure.topK,
  topP: topP ?? measure.topP,
  count: count ?? measure.count,
});

/** Refuses a generator that no machine has: neither a file nor a published name, which may be fetched there. */
function refuseUnknown(generator: string): void {
  if (!existsSync(generator) && !findPublished(generator)) throw new UsageError(`--generator: there is no file or folder ${generator}`); // prettier-ignore
}

/** Prints the trainings of an experiment as commands, and where it measures by FID the measurements too. */
function plan({ arms }: RefinementExperiment, all: readonly Ground[], chosen: Ground, flags: Flags): void {
  for (const ground of all) {
    const generator = (ground === chosen ? flags.generator : undefined) ?? generatorAtHand(ground, flags.out);
    if (generator === undefined)
      throw new UsageError(`--plan: the generator of ${ground.name} is not trained yet; run the experiment without --plan, or give one with --generator`); // prettier-ignore
    const data = flags.data ?? ground.data ?? 'IMAGES';
    refuseUnknown(generator);
    const options = { ...flags, seeds: seedsFor(flags), data, generator };
    const commands = armCommands(ground, arms, options);
    if (ground.measure.network === 'inception')
      commands.push(...measureCommands(ground, arms, { ...options, ...measuringOf(flags, chosen), reference: flags.reference ?? 'REFERENCE.npz' })); // prettier-ignore
    for (const command of commands) console.log(command);
  }
}

/** Refuses options that would do nothing. */
function refuse(flags: Flags, { name, measure }: Ground): void {
  const { classifier, reference, inception, plan: isPlan, cfg, temperature, topK, topP, count } = flags;
  const isLarge = measure.network === 'inception';
  const idle = isLarge ? { classifier } : { reference, inception, ...(isPlan && { cfg, temperature, 'top-k': topK, 'top-p': topP, count, classifier }) }; // prettier-ignore
  const flag = Object.entries(idle).find(([, value]) => value !== undefined)?.[0];
  if (flag === undefined) return;
  const why = flag === 'reference' || flag === 'inception' ? 'is measured by a classifier' : isLarge ? 'is measured by FID' : 'has no measurements among its planned commands'; // prettier-ignore
  throw new UsageError(`--${flag}: it would do nothing, since the preset ${name} ${why}; leave it`);
}

/** An experiment on generators of another seed than the presets': the chosen ground first, as without. */
function onBaseSeed(experiment: RefinementExperiment, chosen: Ground, seed: number): [RefinementExperiment, Ground] {
  const [first, ...others] = (experiment.grounds?.(chosen) ?? [chosen]).map((one) => withBaseSeed(one, seed));
  return [{ ...experiment, grounds: () => [first!, ...others] }, first!];
}

async function run(named: RefinementExperiment, given: Flags): Promise<void> {
  const paths = {
    out: resolve(given.out),
    ...(given.data !== undefined && { data: fromEverywhere(given.data) }),
    ...(given.generator !== undefined && { generator: fromEverywhere(given.generator) }),
  };
  const flags = { ...given, ...paths }; // commands of --plan are given from other folders, and leave the same settings
  const preset = groundOf(flags);
  const [experiment, ground] =
    flags.baseSeed === undefined ? ([named, preset] as const) : onBaseSeed(named, preset, flags.baseSeed);
  refuse(flags, ground);
  useMachine(flags);
  const all = groundsFor(experiment, ground);
  const arms = chosenArms(experiment, flags);
  if (flags.plan) {
    plan({ ...experiment, arms }, all, ground, flags);
    return;
  }
  const { out, set, device, threads, generator } = flags;
  const options = {
    out, set, device, threads, say, generator,
    seeds: seedsFor(flags),
    ...measuringOf(flags, ground),
    command: shellLine(['scalewise', 'experiment', ...process.argv.slice(3)]),
  }; // prettier-ignore
  const own = (one: Ground) => (one === ground ? generator : undefined);
  if (flags.report) {
    const open = (one: Ground) => openForReport(one, flags, own(one));
    const { folder, lacking } = await reportRefinement({ ...experiment, arms }, ground, open, options);
    for (const sentence of lacking) say(sentence);
    console.log(join(folder, 'report.html'));
    return;
  }
  const materials = (one: Ground) => openMaterials(one, flags, own(one));
  const { folder, end } = await runRefinement({ ...experiment, arms }, ground, materials, options);
  if (!wasStopped(end)) console.log(join(folder, 'report.html'));
}

function withFlags(command: Command): Command {
  return command
    .option(
      '-p, --preset <name>',
      `data, generator, settings and measure: ${Object.keys(grounds).join(', ')}`,
      'fashion-mnist',
    ) // prettier-ignore
    .option('-g, --generator <path>', 'the generator to go on from, in place of the preset’s own')
    .addOption(
      new Option('--base-seed <n>', 'train the generator to go on from, and its tokenizer, with this seed first')
        .argParser(wholeNumber('--base-seed'))
        .conflicts('generator'),
    ) // prettier-ignore
    .option('-d, --data <name>', 'training images, where the preset names none')
    .option('--arms <list>', 'only these arms beside the control, separated by commas')
    .option(
      '-s, --set <path=value>',
      'one setting of all arms; repeatable',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option(
      '-o, --out <folder>',
      'trainings, figures and reports of all experiments; the same command again goes on',
      'runs/experiments',
    ) // prettier-ignore
    .option(
      '--seeds <n>',
      'how many seeds of each arm, or which, as 3-7: 3 of them, or for --report all that there are',
      (text) => seedRange('--seeds', text),
    ) // prettier-ignore
    .option('--cfg <values>', 'strengths of guidance to measure at, e.g. 1,1.5 or 1:2:0.5', (text) =>
      parseValues('--cfg', text),
    )
    .option(
      '--temperature <values>',
      'temperatures to measure at, each with every guidance: 1 unless given',
      temperatures,
    ) // prettier-ignore
    .option('--top-k <k>', 'draw from the k most probable codes', wholeNumber('--top-k'))
    .option('--top-p <p>', 'draw from the codes of this mass', share('--top-p'))
    .option('-n, --count <n>', 'samples a measurement', positive('--count'))
    .option('-b, --batch <n>', 'images at once', positive('--batch'), 100)
    .option('--reference <file>', 'statistics of the real images, for presets measured by FID')
    .option('--inception <file>', 'Inception-v3’s weights for FID; the cache’s by default')
    .option('--classifier <file>', 'the classifier that measures; trained and kept in the cache where it is missing')
    .option(
      '--plan',
      'print trainings, and measurements by FID, as commands and stop: done elsewhere into the same folders, they are found',
    )
    .addOption(
      new Option('--report', 'draw table, figures and report from what is measured by now; train and measure nothing').conflicts('plan'), // prettier-ignore
    )
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0);
}

/** Adds the command `experiment` with its experiments. */
export function registerExperiment(program: Command): void {
  const group = program.command('experiment').description('the paper’s tables and figures, each beside its control');
  for (const experiment of refinementExperiments)
    withFlags(group.command(experiment.name))
      .description(experiment.title)
      .addHelpText(
        'after',
        `\nSource: ${experiment.source}\nArms: ${experiment.arms.map(({ name }) => name).join(', ')}\n\nExample:\n  scalewise experiment ${experiment.name} --preset cifar10 --seeds 3\n`,
      )
      .action((flags: Flags) => run(experiment, flags));
  registerAnalyses(group);
}
