// An evaluation as a whole: features of the reference and of every subject, one subject's held at a time; figures with their noise; comparisons.
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { densityNeighbours } from '../../evaluate/index.js';
import { libtorch } from '../../torch/index.js';
import type { KeptSettings } from '../sampleSink.js';
import { ChunkStore } from './chunkStore.js';
import { awaitParts, collect, computeParts, type FeatureSet, type GatherOptions, Stopped } from './gather.js';
import { metricsOf, precisionNeighbours } from './metrics.js';
import type { EvaluationNetwork } from './network.js';
import { compareFigures, countWarnings, type Figure, type FigureComparison, usualReplicates, withNoise } from './noise.js'; // prettier-ignore
import { forgetful, noiseFile } from './noiseStore.js';
import { distanceName, type Protocol, protocolOf, whyNotAdm } from './protocol.js';
import { imagesReference, type Reference, type StatisticsFile, statisticsReference } from './reference.js';
import type { Subject } from './subject.js';
import { UsageError } from '../../util/errors.js';
import { temporaryFolder } from '../../util/temporaryFolder.js';

/** What is evaluated, against what, and where features wait. */
export interface EvaluationPlan extends GatherOptions {
  subjects: readonly Subject[];
  /** Images that show what a perfect model would reach; they are compared with no one. */
  real?: Subject | undefined;
  reference: Subject | StatisticsFile;
  network: EvaluationNetwork;
  /** Folder of features: the same one in every process; undefined where one process keeps none. */
  folder: string | undefined;
  seed: number;
  /** Replicates of the distance's noise; by default what its width allows. */
  replicates?: number | undefined;
  device: string;
  /**
   * Told when features begin to be computed, and when they are there: between these, work ends at `signal`. What follows runs in one piece, during
   * which a program that listens to signals would not hear them.
   */
  gathering?: { begin: () => void; end: () => void } | undefined;
}

/** One subject's figures. */
export interface SubjectResult {
  name: string;
  count: number;
  figures: Figure[];
  identity: Subject['identity'];
}

/** What an evaluation found. */
export interface Evaluation {
  protocol: Protocol;
  /** Share of the reference's images whose class the classifier finds. */
  accuracy: number | undefined;
  results: SubjectResult[];
  real: SubjectResult | undefined;
  /** Of each other subject with the first. */
  comparisons: { a: string; b: string; paired: boolean; figures: FigureComparison[] }[];
  warnings: string[];
}

const isFile = (reference: Subject | StatisticsFile): reference is StatisticsFile => 'path' in reference;

/** The images whose features are needed, with the folder of each: the reference's first. */
function listOf({ reference, subjects, real }: EvaluationPlan): { subject: Subject; part: string }[] {
  const images = isFile(reference) ? reference.images : reference;
  const names = subjects.map(({ name }) => name.replace(/[^\w.-]+/g, '_'));
  /** A folder's name; the second of one name has its number too. */
  const folderOf = (i: number) => (names.indexOf(names[i]!) < i ? `${names[i]}-${i + 1}` : names[i]!);
  return [
    ...(images ? [{ subject: images, part: 'reference' }] : []),
    ...(real ? [{ subject: real, part: 'real' }] : []),
    ...subjects.map((subject, i) => ({ subject, part: join('models', folderOf(i)) })),
  ];
}

/** Refuses images of different sizes: a distance between them would tell of their size. */
function refuseOtherSizes(list: readonly { subject: Subject }[]): void {
  const [first, ...others] = list.map(({ subject }) => subject);
  const other = others.find(({ height, width }) => height !== first?.height || width !== first.width);
  if (first && other)
    throw new UsageError(`${other.name}: expected images of ${first.width}x${first.height} pixels as ${first.name} has, found ${other.width}x${other.height}; compare images of one size`); // prettier-ignore
}

/** Refuses fewer images than have neighbours to be compared by, before any work. */
function refuseFew({ reference, subjects }: EvaluationPlan): void {
  const images = isFile(reference) ? reference.images : reference;
  if (!images) return;
  const least = isFile(reference) ? precisionNeighbours : densityNeighbours; // as many references as samples count, but all of a file of statistics
  const few = [...subjects.map((one) => ({ ...one, least })), { ...images, least: densityNeighbours }].find((one) => one.count <= one.least); // prettier-ignore
  if (few)
    throw new UsageError(`${few.name}: expected more than ${few.least} images, whose neighbours precision, recall, density and coverage look at, found ${few.count}; take more`); // prettier-ignore
}

/** What features of images are computed by, and where they wait. */
type FeaturePlan = Pick<EvaluationPlan, 'network' | 'folder' | 'device' | 'gathering' | keyof GatherOptions>;

/** Computes what is missing of some features, and puts them together. */
async function gathered(subject: Subject, part: string, plan: FeaturePlan): Promise<FeatureSet | undefined> {
  const { network, folder, partSize, batchSize, rank, device } = plan;
  const identity = {
    images: subject.identity,
    ...(subject.written !== undefined && { written: subject.written }),
    network: network.sha256,
    partSize,
    batchSize,
    device: device.split(':')[0],
  };
  using temporary = folder === undefined ? temporaryFolder('scalewise-evaluate') : undefined;
  const store = new ChunkStore(join(folder ?? temporary!.path, part), identity);
  await computeParts(subject, () => network, store, plan);
  if (rank > 0) return undefined;
  await awaitParts(subject, store, plan);
  return collect(subject, store, partSize);
}

/** The features of some images, which wait in the folder `part`; undefined in other processes than the first. @throws as `evaluate` */
export async function featuresFor(subject: Subject, part: string, plan: FeaturePlan): Promise<FeatureSet | undefined> {
  plan.gathering?.begin();
  try {
    const features = await gathered(subject, part, plan);
    await setImmediate(); // lets signals in
    if (!plan.signal?.aborted) return features;
    features?.[Symbol.dispose]();
    throw new Stopped(`${subject.count} of ${subject.count} images`);
  } finally {
    plan.gathering?.end();
  }
}

async function openReference(plan: EvaluationPlan): Promise<Reference | undefined> {
  const { reference, network, rank } = plan;
  const images = isFile(reference) ? reference.images : reference;
  const features = images && (await featuresFor(images, 'reference', plan));
  if (rank > 0) return undefined;
  return isFile(reference)
    ? statisticsReference(reference, network, features)
    : imagesReference(reference, network, features!);
}

/** All that settles what replicates find. */
function noiseSettings(
  { identity, written }: Subject,
  { network, partSize, batchSize, seed, device }: EvaluationPlan,
  reference: Reference,
  more: KeptSettings,
): KeptSettings {
  const images = { ...identity, ...(written !== undefined && { written }) };
  const versions = { libtorch: libtorch().version };
  return { images, reference: reference.identity, network: network.sha256, partSize, batchSize, seed, device, versions, ...more }; // prettier-ignore
}

/** A subject's figures, and what else the fingerprint needs. */
interface Measurement {
  result: SubjectResult;
  neighbours: number;
  width: number;
  threads: readonly number[];
}

async function measure(
  subject: Subject,
  part: string,
  plan: EvaluationPlan,
  reference: Reference | undefined,
  draw: number,
): Promise<Measurement | undefined> {
  const features = await featuresFor(subject, part, plan);
  if (!features || !reference) return undefined;
  using own = features;
  const { network, seed, folder } = plan;
  const distance = distanceName(network, reference, subject);
  using found = metricsOf(network, reference, own, { distance, labels: subject.labels, seed });
  const width = own.pool_ND.size(1);
  const replicates = part === 'real' ? 0 : (plan.replicates ?? usualReplicates(width));
  const store = folder === undefined ? forgetful : noiseFile(join(folder, part, 'noise.json'), noiseSettings(subject, plan, reference, { draw, replicates })); // prettier-ignore
  const figures = withNoise(subject.name, found.metrics, { seed, replicates, draw, width, store });
  const { name, count, identity } = subject;
  return { result: { name, count, figures, identity }, neighbours: found.neighbours, width, threads: own.threads };
}

/** What all subjects are compared by. */
async function compare(plan: EvaluationPlan, reference: Reference | undefined): Promise<Evaluation | undefined> {
  const { subjects, real, network, seed, device } = plan;
  const list = listOf(plan);
  const draws = subjects.map(({ pairing }, i) => (pairing === undefined ? i : subjects.findIndex((one) => one.pairing === pairing))); // prettier-ignore
  const realMeasured = real && (await measure(real, 'real', plan, reference, 0));
  const measured: Measurement[] = [];
  for (const [i, { subject, part }] of list.slice(list.length - subjects.length).entries()) {
    const one = await measure(subject, part, plan, reference, draws[i]!);
    if (one) measured.push(one);
  }
  if (!reference) return undefined;
  const results = measured.map(({ result }) => result);
  const { width, neighbours } = measured[0]!;
  const noise = { replicates: plan.replicates ?? usualReplicates(width), level: 0.95, seed };
  const threads = [...new Set(measured.flatMap((one) => one.threads))].sort((a, b) => a - b);
  return {
    protocol: protocolOf(network, reference, plan, { neighbourReferences: neighbours, noise, device, threads }),
    accuracy: reference.accuracy,
    results,
    real: realMeasured?.result,
    comparisons: results.slice(1).map((b, i) => {
      const paired = draws[i + 1] === draws[0];
      return { a: results[0]!.name, b: b.name, paired, figures: compareFigures(results[0]!, b, paired) };
    }),
    warnings: [
      ...subjects.flatMap((subject) => whyNotAdm(network, reference, subject) ?? []),
      ...results.flatMap((one) => countWarnings(one, width)),
    ],
  };
}

/**
 * Evaluates. Every process of a job calls it with the same plan but for its rank; the first one gets the result, the others nothing.
 * @throws Stopped where the signal came, UsageError where images, sizes or networks do not fit
 */
export async function evaluate(plan: EvaluationPlan): Promise<Evaluation | undefined> {
  refuseOtherSizes(listOf(plan));
  refuseFew(plan);
  const reference = await openReference(plan);
  try {
    return await compare(plan, reference);
  } finally {
    reference?.[Symbol.dispose]();
  }
}
