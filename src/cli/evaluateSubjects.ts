// What `scalewise evaluate` is given: generators, files of samples, folders of images, splits of data sets; and what they are compared with.
import { existsSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { findPackagedData, type ImageSet, packagedData, readPackagedData } from '../data/index.js';
import {
  canvasSize,
  dataSubject,
  folderSubject,
  type GeneratorCard,
  generatorSubject,
  holdsStatistics,
  modelName,
  npzSubject,
  openStatistics,
  type StatisticsFile,
  type Subject,
} from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { sha256File } from '../util/files.js';
import { parseSize, prepareSampling, type SamplingFlags } from './samplingOptions.js';
import { namesOf } from './sweepModels.js';

/** A subject, and the generator's card where it is one. */
export interface GivenSubject {
  subject: Subject;
  path: string;
  card?: GeneratorCard;
}

/** How subjects are opened. */
export interface SubjectFlags extends SamplingFlags {
  count: number;
}

/** The side that folders' images are cropped to. */
const sideOf = ({ size }: SubjectFlags) => (size === undefined ? undefined : parseSize('--size', size));

/** `fashion-mnist` or `fashion-mnist:train` as a packaged data set and a split. */
function packagedSplit(text: string, split: 'train' | 'test'): ImageSet | undefined {
  const [, name, asked] = /^(.*?)(?::(train|test))?$/.exec(text)!;
  if (!packagedData.some((one) => one.name === name)) return undefined;
  return readPackagedData(findPackagedData(name!), (asked as 'train' | 'test' | undefined) ?? split);
}

/** Whether a folder holds a generator: a run, a checkpoint, or a file of weights. */
function holdsGenerator(folder: string): boolean {
  return ['checkpoints', 'generator.safetensors'].some((name) => existsSync(join(folder, name)));
}

export const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory();

/** Images that need no generator; undefined of what can only be one. */
async function imagesOf(text: string, flags: SubjectFlags, split: 'train' | 'test'): Promise<Subject | undefined> {
  if (extname(text) === '.npz') return npzSubject(text);
  if (isFolder(text)) return holdsGenerator(text) ? undefined : folderSubject(text, sideOf(flags));
  const set = packagedSplit(text, split);
  return set && dataSubject(set);
}

/** Sentences about `--generator` are about an argument here. */
function prepare(path: string | undefined, flags: SubjectFlags): ReturnType<typeof prepareSampling> {
  try {
    return prepareSampling({ ...flags, ...(path !== undefined && { generator: path }) });
  } catch (error) {
    if (!(error instanceof UsageError) || path === undefined) throw error;
    throw new UsageError(error.message.replace(/^--generator:/, 'evaluate:'), { cause: error });
  }
}

/** A generator, loaded once to check it, and again when its samples are wanted. */
function generatorOf(path: string | undefined, flags: SubjectFlags): GivenSubject {
  const { models, settings } = prepare(path, flags);
  const { card, tokenizer } = models;
  const { count, seed } = flags;
  if (count < card.classes.length)
    throw new UsageError(`--count: expected at least one image a class (${card.classes.length}), got ${count}`);
  try {
    const open = () => {
      const { models: again } = prepareSampling({ ...flags, generator: models.path, tokenizer: models.tokenizerPath });
      const close = () => {
        again.generator.dispose();
        again.tokenizer.dispose();
      };
      return { generator: again.generator, tokenizer: again.tokenizer, close };
    };
    const identity = { generator: sha256File(models.path), tokenizer: sha256File(models.tokenizerPath), weights: flags.weights }; // prettier-ignore
    const size = canvasSize(tokenizer, settings.scales);
    const model = { name: modelName(models.path), identity, classes: card.classes.length, size, settings, open };
    return { subject: generatorSubject(model, { count, seed }), path: path ?? flags.generator ?? models.path, card };
  } finally {
    models.generator.dispose();
    models.tokenizer.dispose();
  }
}

/**
 * The subjects of some arguments, by names that differ; none for the generator of the flags.
 * @throws UsageError where one is missing or broken
 */
export async function subjectsOf(given: readonly string[], flags: SubjectFlags): Promise<GivenSubject[]> {
  if (given.length && flags.generator !== undefined)
    throw new UsageError('--generator: expected without other models; name all of them as arguments');
  const twin = given.find((path, i) => given.indexOf(path) < i);
  if (twin !== undefined) throw new UsageError(`evaluate: expected each model once, found ${twin} twice; leave one of them`); // prettier-ignore
  const all: GivenSubject[] = given.length ? [] : [generatorOf(undefined, flags)];
  for (const path of given) {
    const images = await imagesOf(path, flags, 'train');
    all.push(images ? { subject: images, path } : generatorOf(path, flags));
  }
  const what = all.map(({ subject: { identity, written } }) => JSON.stringify([identity, written]));
  const same = what.findIndex((one, i) => what.indexOf(one) < i);
  if (same >= 0)
    throw new UsageError(`evaluate: ${all[same]!.path} is the same as ${all[what.indexOf(what[same]!)]!.path}; leave one of them`); // prettier-ignore
  const names = namesOf(all.map(({ path }) => path.replace(/\/+$/, '')));
  return all.map((one, i) => ({ ...one, subject: { ...one.subject, name: names[i]! } }));
}

/** The reference that a path or name means. */
export async function referenceOf(text: string, flags: SubjectFlags): Promise<Subject | StatisticsFile> {
  if (extname(text) === '.npz' && existsSync(text) && (await holdsStatistics(text))) return openStatistics(text);
  const images = await imagesOf(text, flags, 'test');
  if (images) return { ...images, noun: 'images' };
  throw new UsageError(`--reference: expected an .npz, a folder of images or a packaged data set, found none at ${text}`); // prettier-ignore
}
