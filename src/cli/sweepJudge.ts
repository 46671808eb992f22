// What a sweep measures by: Inception-v3, a classifier of the data or another network, and the reference that samples are compared with.
import { networkJudge, type SweepJudge } from '../experiments/index.js';
import { dataSubject, type StatisticsFile, type Subject } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { dataOf, type DataSplits, isFile, type NetworkFlags, networkOf, openSplits } from './evaluateNetwork.js';
import { referenceOf } from './evaluateSubjects.js';
import type { SamplingFlags } from './samplingOptions.js';
import type { SweptModel } from './sweepModels.js';

/** The flags that say what is measured by. */
export interface JudgeFlags extends NetworkFlags {
  data?: string;
  reference?: string;
  out: string;
  batch: number;
}

type Given = Subject | StatisticsFile;

/** Refuses reference images of another size: a distance to them would tell of their size. */
function checkSize(given: Given, { size: [height, width], path }: SweptModel): void {
  const images = isFile(given) ? given.images : given;
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
  let opened: Promise<DataSplits> | undefined;
  const splits = () => (opened ??= openSplits(flags.data ?? dataOf(models), first.card.imageSize, models));
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
