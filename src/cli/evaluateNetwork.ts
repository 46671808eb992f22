// Whose features images are compared by, for `evaluate` and `sweep`: Inception-v3, a classifier of the data, or another network; and the data set
// whose held-out images count, and which a missing classifier is trained on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { cacheFolder, type ImageSet, openData } from '../data/index.js';
import { resolveTopology } from '../launch/index.js';
import {
  checkNetwork,
  classifierAt,
  classifierNetwork,
  type EvaluationNetwork,
  featureNetwork,
  type GeneratorCard,
  inceptionNetwork,
  type StatisticsFile,
  type Subject,
} from '../recipes/index.js';
import { PeerLostError } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { sayBroken } from './broken.js';
import { say } from './settingsOptions.js';

/** The flags that name a network. */
export interface NetworkFlags {
  classifier?: string;
  inception?: string | true;
  features?: string;
  device: string;
}

/** What is judged: a generator, by its card, or other images. */
interface Judged {
  path: string;
  card?: GeneratorCard;
}

/** Both splits of a data set that has a generator's classes. */
export interface DataSplits {
  name: string;
  train: ImageSet;
  heldOut: ImageSet;
}

/** Opens a data set at the size of what is judged, and checks its classes. */
export async function openSplits(name: string, side: number, all: readonly Judged[]): Promise<DataSplits> {
  const train = await openData(name, 'train', side);
  const heldOut = await openData(name, 'test', side);
  sayBroken([...train.broken, ...heldOut.broken]);
  const other = all.find(({ card }) => card && card.classes.join() !== train.set.classes.join());
  if (other)
    throw new UsageError(`--data: ${other.path} has the classes ${other.card!.classes.join(', ')}; ${name} has ${train.set.classes.join(', ')}`); // prettier-ignore
  return { name, train: train.set, heldOut: heldOut.set };
}

/** The data set that all generators were trained on. */
export function dataOf(all: readonly Judged[]): string {
  const names = new Set(all.flatMap(({ card }) => (card ? [card.data] : [])));
  if (names.size === 1) return [...names][0]!;
  if (names.size === 0)
    throw new UsageError('--reference: images need something to be compared with: give a file of statistics, images, or a data set with --data'); // prettier-ignore
  throw new UsageError(`--data: the models were trained on ${[...names].join(' and ')}; say what to compare with`);
}

/** Where a data set's classifier is kept unless the user says otherwise. */
export function classifierPath(data: string, side: number): string {
  return join(cacheFolder(), 'classifiers', `${data.replace(/[^\w-]+/g, '_')}-${side}.safetensors`);
}

/** Whether a reference is a file of statistics. */
export const isFile = (reference: Subject | StatisticsFile | undefined): reference is StatisticsFile =>
  reference !== undefined && 'path' in reference;

const classifierPatience = 3_600_000; // milliseconds

/** The classifier's file, trained by the first process where it is missing. */
async function classifierFor(path: string, splits: DataSplits, rank: number): Promise<string> {
  const begun = performance.now();
  while (rank > 0 && !existsSync(path)) {
    if (performance.now() - begun > classifierPatience) throw new PeerLostError([0], resolveTopology(process.env).size, `has not written the classifier ${path} for an hour; start all of them again with the same command`); // prettier-ignore
    await setTimeout(200);
  }
  return classifierAt(path, splits, say);
}

/** The network of the flags where they name one that is there, a file or published weights. */
export function namedNetwork({ classifier, inception, features, device }: NetworkFlags): EvaluationNetwork | undefined {
  if (features !== undefined) return featureNetwork(features, device);
  if (inception !== undefined) return inceptionNetwork(inception === true ? undefined : inception, device);
  return classifier !== undefined && existsSync(classifier) ? classifierNetwork(classifier, device) : undefined;
}

async function open(
  flags: NetworkFlags,
  reference: Subject | StatisticsFile | undefined,
  splits: () => Promise<DataSplits>,
  rank: number,
): Promise<EvaluationNetwork> {
  const named = namedNetwork(flags);
  if (named) return named;
  const { classifier, device } = flags;
  if (isFile(reference) && classifier === undefined) {
    const { about, path } = reference;
    if (!about || about.network.startsWith('Inception')) return inceptionNetwork(undefined, device);
    throw new UsageError(`${path}: it holds statistics of ${about.network}'s features; give that network with --classifier or --features`); // prettier-ignore
  }
  const data = await splits();
  return classifierNetwork(await classifierFor(classifier ?? classifierPath(data.name, data.train.height), data, rank), device); // prettier-ignore
}

/**
 * The network that the flags ask for; a classifier of the data by default, or Inception where a file of its statistics is the reference.
 * @throws UsageError where the reference's statistics are of another network
 */
export async function networkOf(
  flags: NetworkFlags,
  reference: Subject | StatisticsFile | undefined,
  splits: () => Promise<DataSplits>,
  rank = 0,
): Promise<EvaluationNetwork> {
  const network = await open(flags, reference, splits, rank);
  try {
    if (isFile(reference)) checkNetwork(reference, network);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}
