// The whole chain on one data set: tokenizer, generator, refinement by SAR beside its control, samples, figures, a report. Every stage is a run of
// its own in the folder, so the same command goes on where it was stopped.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { batch, imageCount, type ImageSet } from '../data/index.js';
import { alone, type LoopEnd } from '../train/index.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { resolveSettings } from '../util/settings.js';
import { classifierDefaults } from './classifierFile.js';
import { curveOf, writeCharts } from './curves.js';
import { classifierJudge, type Judge, type Verdict } from './judge.js';
import { classifierAt } from './judgeFile.js';
import { settlePrecision } from './machine.js';
import { loadModels, loadTokenizer, type Models } from './modelFiles.js';
import { classGrid, growthStrip, pairedGrid, reconstructionGrid, type SamplingSettings } from './pictures.js';
import { generatorPresets, refinePresets, tokenizerPresets } from './presets.js';
import { reconstructionReport } from './reconstruction.js';
import { type Arm, quickstartReport } from './report.js';
import { generatorSettings, refineSettings, tokenizerSettings } from './settings.js';
import { targetsFor } from './targetsFor.js';
import { loaderFor } from './training.js';
import { generatorToRefine, newGenerator, trainGenerator } from './trainGenerator.js';
import { trainTokenizer } from './trainTokenizer.js';

/** What a quickstart is told. */
export interface QuickstartOptions {
  preset: keyof typeof tokenizerPresets & keyof typeof generatorPresets & keyof typeof refinePresets;
  data: string;
  out: string;
  seed: number;
  device: string;
  threads: number;
  /** Samples that each model is judged by. */
  count: number;
  say: (line: string) => void;
}

/** The data of a quickstart. */
export interface QuickstartData {
  train: ImageSet;
  heldOut: ImageSet;
}

/** A stage was stopped by a signal. */
class Stopped extends Error {
  constructor(readonly end: LoopEnd) {
    super(end);
  }
}

function finished(end: LoopEnd): void {
  if (end !== 'done') throw new Stopped(end);
}

/** The value of `make`, kept as JSON in a file: what a stopped run had measured is not measured again. */
async function remembered<T>(path: string, make: () => T | Promise<T>): Promise<T> {
  if (existsSync(path)) return JSON.parse(explainIo(path, () => readFileSync(path, 'utf8'))) as T;
  const value = await make();
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
  return value;
}

/** Paths of the stages in the folder. */
function placesIn(out: string) {
  const at = (name: string) => join(out, name);
  return {
    tokenizer: at('tokenizer'),
    generator: at('generator'),
    control: at('control'),
    sar: at('sar'),
    classifier: at('classifier.safetensors'),
    at,
  };
}

/** Counts the seconds that the chain has taken, earlier starts included, until its report is written. */
function stopwatch(out: string): { seconds: () => number; keep: () => void } {
  const file = join(out, 'seconds.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as number) : 0;
  const finished = existsSync(join(out, 'report.md'));
  const began = performance.now();
  const seconds = () => (finished ? before : before + Math.round((performance.now() - began) / 1000));
  return {
    seconds,
    keep: () => {
      writeFileAtomic(file, `${seconds()}\n`);
    },
  };
}

/** Runs the chain; answers how it ended. */
export async function quickstart(options: QuickstartOptions, data: QuickstartData): Promise<LoopEnd> {
  const watch = stopwatch(options.out);
  try {
    await chain(options, data, watch.seconds);
    return 'done';
  } catch (error) {
    if (error instanceof Stopped) return error.end;
    throw error;
  } finally {
    watch.keep();
  }
}

async function chain(
  options: QuickstartOptions,
  { train, heldOut }: QuickstartData,
  seconds: () => number,
): Promise<void> {
  const { preset, say, seed, device, threads, out } = options;
  const places = placesIn(out);
  const stage = (line: string) => {
    say(`\n[${seconds()} s] ${line}`);
  };
  const shared = { data: options.data, seed, device, threads };

  stage('1 of 5: the tokenizer, images to codes at every scale and back');
  const forTokenizer = resolveSettings('quickstart', tokenizerSettings, tokenizerPresets, { preset, direct: shared });
  const here = { world: alone, say };
  const loader = loaderFor(forTokenizer, train);
  finished((await trainTokenizer(forTokenizer, loader, places.tokenizer, here)).end);

  stage('2 of 5: the generator, by teacher forcing');
  const direct = { ...shared, tokenizer: places.tokenizer };
  const forGenerator = resolveSettings('quickstart', generatorSettings, generatorPresets, { preset, direct });
  const fresh = newGenerator(forGenerator, train.classes);
  const targets = await targetsFor(forGenerator, fresh.tokenizer, train);
  finished(await trainGenerator('train', forGenerator, fresh, targets, places.generator, here));
  await targets.close();

  stage('3 of 5: refinement by SAR, and its control: as many more steps of teacher forcing from the same checkpoint');
  for (const [place, set] of [
    [places.sar, []],
    [places.control, ['forcing.forcing=teacher']],
  ] as const) {
    const sources = { preset, set, direct: { ...shared, generator: places.generator } };
    const settings = resolveSettings('quickstart', refineSettings, refinePresets, sources);
    const before = generatorToRefine(settings, train.classes);
    const targets = await targetsFor(settings, before.tokenizer, train);
    finished(await trainGenerator('refine', settings, before, targets, place, here));
    await targets.close();
  }

  stage('4 of 5: figures, by a classifier that is trained on the same images');
  const classifier = classifierAt(places.classifier, { train, heldOut }, say, { ...classifierDefaults, device });
  using judge = await classifierJudge(classifier, heldOut, device);
  const { scales, sampling } = forGenerator;
  const precision = settlePrecision(forGenerator.precision, device);
  const guidance = { shape: 'ramp', scale: sampling.cfg } as const;
  const how: SamplingSettings = { scales, guidance, topK: sampling.topK, topP: sampling.topP, precision, device };
  const arms = await judgeArms(options, judge, places, how);
  const real = await remembered(places.at(`figures-real-n${options.count}.json`), () => judge.assessReal(train, options.count)); // prettier-ignore

  stage('5 of 5: pictures and the report');
  const tokenizer = loadTokenizer(places.tokenizer, device);
  const count = Math.min(1000, imageCount(heldOut));
  const reconstruction = await reconstructionReport(tokenizer, heldOut, { scales, count, device, everyScale: true });
  const first = Array.from({ length: Math.min(10, count) }, (_, i) => i);
  const grid = await reconstructionGrid(tokenizer, batch(heldOut, first).image_B3HW, scales);
  writeFileAtomic(places.at('reconstructions.png'), grid.data);
  await writePictures(places, how, train.classes);
  await writeLossCurves(places);
  const report = quickstartReport({
    options,
    train,
    heldOut,
    judge,
    arms,
    real,
    reconstruction,
    how,
    seconds: seconds(),
  });
  writeFileAtomic(places.at('report.md'), report);
  say(`\n${report}\nEverything is in ${out}/; begin with ${places.at('report.md')}`);
}

type Places = ReturnType<typeof placesIn>;

async function judgeArms(
  options: QuickstartOptions,
  judge: Judge,
  places: Places,
  how: SamplingSettings,
): Promise<Arm[]> {
  const { count, seed, device } = options;
  const named = [
    ['before', places.generator],
    ['control', places.control],
    ['sar', places.sar],
  ] as const;
  const arms: Arm[] = [];
  for (const [name, place] of named) {
    const figures = await remembered<Verdict>(places.at(`figures-${name}-n${count}.json`), () => {
      const models = loadModels(place, undefined, device);
      const verdict = judge.assess(models, how, { count, batchSize: 100, seed });
      disposeModels(models);
      return verdict;
    });
    arms.push({ name, figures });
  }
  return arms;
}

function disposeModels({ generator, tokenizer }: Models): void {
  generator.dispose();
  tokenizer.dispose();
}

async function writePictures(places: Places, how: SamplingSettings, classes: readonly string[]): Promise<void> {
  const shown = classes.slice(0, 10);
  const [before, after] = [places.generator, places.sar].map((place) => loadModels(place, undefined, how.device));
  const grid = async (models: Models, title: string) => (await classGrid(models, shown, how, { title })).data;
  writeFileAtomic(places.at('samples-before.png'), await grid(before!, 'Before SAR'));
  writeFileAtomic(places.at('samples-after.png'), await grid(after!, 'After SAR, same seeds'));
  const paired = await pairedGrid({ before: before!, after: after! }, shown, how, [0, 1, 2, 3, 4, 5]);
  writeFileAtomic(places.at('before-and-after.png'), paired.data);
  const labels = shown.map((_, label) => label).slice(0, 4);
  writeFileAtomic(places.at('scale-by-scale.png'), (await growthStrip(after!, labels, labels, classes, how)).data);
  disposeModels(before!);
  disposeModels(after!);
}

async function writeLossCurves({ tokenizer, generator, sar, control, at }: Places): Promise<void> {
  const axes = { xName: 'images seen', yName: 'loss' };
  await writeCharts(at('loss-curves'), [
    { title: 'Tokenizer: pixels', ...axes, curves: [curveOf(tokenizer, 'loss_l1', 'L1', 3), curveOf(tokenizer, 'loss_l2', 'L2', 3)] },
    { title: 'Tokenizer: share of the codes a batch uses', ...axes, yName: 'share', curves: [curveOf(tokenizer, 'usage', 'all scales')] },
    { title: 'Generator: teacher forcing', ...axes, curves: [curveOf(generator, 'loss_teacher', 'L_TF', 3)] },
    {
      title: 'Refinement',
      ...axes,
      curves: [
        curveOf(sar, 'loss_teacher', 'SAR: L_TF', 5),
        curveOf(control, 'loss_teacher', 'control: L_TF', 5),
        curveOf(sar, 'loss_csf', 'SAR: L_CSF', 5),
      ],
    },
  ]); // prettier-ignore
}
