// What a sweep measures by: Inception-v3, a classifier of the data or another network, and the reference that samples are compared with.
import { existsSync } from 'node:fs';
import { openData } from '../data/index.js';
import { networkJudge, type SweepJudge } from '../experiments/index.js';
import { classifierAt, classifierNetwork, dataSubject, type EvaluationNetwork, featureNetwork, inceptionNetwork, type StatisticsFile, type Subject } from '../recipes/index.js'; // prettier-ignore
import { UsageError } from '../util/errors.js';
import { sayBroken } from './broken.js';
import { classifierPath } from './evaluate.js';
import { referenceOf } from './evaluateSubjects.js';
import type { SamplingFlags } from './samplingOptions.js';
import { say } from './settingsOptions.js';
import type { SweptModel } from './sweepModels.js';

/** The flags that say what is measured by. */
export interface JudgeFlags {
  data?: string;
  reference?: string;
  classifier?: string;
  inception?: string | true;
  features?: string;
  out: string;
  batch: number;
  device: string;
}

type Given = Subject | StatisticsFile;
type Splits = Record<'train' | 'heldOut', Awaited<ReturnType<typeof openData>>['set']> & { name: string };

/** Both splits of the data that the models were trained on, or that the user names. */
async function openSplits({ data }: JudgeFlags, models: readonly SweptModel[]): Promise<Splits> {
  const { classes, imageSize, data: own } = models[0]!.card;
  const other = models.find(({ card }) => card.data !== own);
  if (data === undefined && other)
    throw new UsageError(`${other.path}: expected a model of ${own}, as ${models[0]!.path} is, found one of ${other.card.data}; say with --data what to compare with`); // prettier-ignore
  const name = data ?? own;
  const train = await openData(name, 'train', imageSize);
  const heldOut = await openData(name, 'test', imageSize);
  sayBroken([...train.broken, ...heldOut.broken]);
  if (train.set.classes.join() !== classes.join())
    throw new UsageError(`--data: the models have the classes ${classes.join(', ')}; ${name} has ${train.set.classes.join(', ')}`); // prettier-ignore
  return { name, train: train.set, heldOut: heldOut.set };
}

/** The network: what a flag names, Inception where statistics are the reference, else a classifier of the data, trained where it is missing. */
async function networkOf(
  flags: JudgeFlags,
  given: Given | undefined,
  splits: () => Promise<Splits>,
): Promise<EvaluationNetwork> {
  // prettier-ignore
  const { classifier, inception, features, device } = flags;
  if (features !== undefined) return featureNetwork(features, device);
  if (inception !== undefined) return inceptionNetwork(inception === true ? undefined : inception, device);
  if (classifier === undefined && given && 'path' in given) return inceptionNetwork(undefined, device);
  if (classifier !== undefined && existsSync(classifier)) return classifierNetwork(classifier, device);
  const { name, train, heldOut } = await splits();
  const path = classifier ?? classifierPath(name, train.height);
  return classifierNetwork(classifierAt(path, { train, heldOut }, say), device);
}

/** Refuses reference images of another size: a distance to them would tell of their size. */
function checkSize(given: Given, { size: [height, width], path }: SweptModel): void {
  const images = 'path' in given ? given.images : given;
  if (images && (images.height !== height || images.width !== width))
    throw new UsageError(`--reference: expected images of ${width}x${height} pixels as ${path} makes, found ${images.width}x${images.height}`); // prettier-ignore
}

/** The judge that the flags ask for. */
export async function sweepJudge(
  flags: JudgeFlags,
  sampling: SamplingFlags & { count: number },
  models: readonly SweptModel[],
): Promise<SweepJudge & Disposable> {
  const [first] = models as [SweptModel];
  const size = first.size.join('x');
  const asked = flags.reference === undefined ? undefined : await referenceOf(flags.reference, { ...sampling, size });
  if (asked) checkSize(asked, first);
  let opened: Promise<Splits> | undefined;
  const splits = () => (opened ??= openSplits(flags, models));
  const network = await networkOf(flags, asked, splits);
  if (asked && flags.data !== undefined && !opened) {
    network.dispose();
    throw new UsageError(
      `--data: it would do nothing beside --reference, in the features of ${network.name}; leave it`,
    );
  }
  const given = asked ?? dataSubject((await splits()).heldOut);
  const { out: folder, batch: batchSize, device } = flags;
  const judge = await networkJudge(network, given, { folder, batchSize, device });
  return {
    ...judge,
    [Symbol.dispose]() {
      judge[Symbol.dispose]();
      network.dispose();
    },
  };
}
