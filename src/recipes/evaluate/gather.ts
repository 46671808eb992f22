// From images to features, part by part: any number of processes take the parts in turn, and what they find is put together in the order of the
// images. A part's batches end where it ends, so the result is the same to the bit, whoever computed what, and in how many goes.
// Legend: B images of a batch, N all images, D features, S spatial features, K classes.
import { setTimeout } from 'node:timers/promises';
import type { Span } from '../../data/index.js';
import { FeatureMoments, type FeatureStatistics, statisticsOfMoments } from '../../evaluate/index.js';
import { empty, keep, scope, type Tensor } from '../../torch/index.js';
import { PeerLostError } from '../../train/index.js';
import { UsageError } from '../../util/errors.js';
import { progress } from '../../util/progress.js';
import { discard, type PartStore } from './chunkStore.js';
import { type EvaluationNetwork, joined, type NetworkOutput, outputOf } from './network.js';
import { partsOf, type Subject } from './subject.js';

/** How features are computed. */
export interface GatherOptions {
  /** Images of a part, and of a batch. */
  partSize: number;
  batchSize: number;
  /** Which process this is, of how many. */
  rank: number;
  size: number;
  /** Ends the work after the batch at hand. */
  signal: AbortSignal | undefined;
}

/** How features are computed unless the user says otherwise. */
export const gatherDefaults: GatherOptions = { partSize: 500, batchSize: 100, rank: 0, size: 1, signal: undefined };

/** Said of work that a signal ended. */
export class Stopped extends Error {}

/**
 * Computes the parts that are this process's and not there yet: part i is process i mod `size`'s.
 * @param options.networkBatch images that the network sees at once, `networkImages` by default
 * @throws Stopped where the signal came
 */
export async function computeParts(
  subject: Subject,
  network: () => EvaluationNetwork,
  store: PartStore,
  options: GatherOptions & { networkBatch?: number } = gatherDefaults,
): Promise<void> {
  const { partSize, batchSize, networkBatch, rank, size, signal } = options;
  const all = partsOf(subject.count, partSize);
  const own = all.map((span, part) => ({ span, part })).filter(({ part }) => part % size === rank);
  const missing = own.filter(({ part }) => !store.has(part));
  if (!missing.length) return;
  const imagesOf = (parts: readonly { span: Span }[]) => parts.reduce((sum, { span }) => sum + span.size, 0);
  const total = imagesOf(own);
  let done = total - imagesOf(missing);
  const bar = progress({ label: subject.name, total, unit: 'images', start: done, quiet: rank > 0 });
  let at = 0;
  let outputs: NetworkOutput[] = [];
  try {
    for await (const batch of subject.read(
      missing.map(({ span }) => span),
      batchSize,
    )) {
      const { span, part } = missing[at]!;
      using bytes = batch.bytes_B3HW;
      const output = outputOf(network(), bytes, networkBatch);
      for (const one of Object.values(output)) keep(one);
      outputs.push(output);
      done += output.pool.size(0);
      bar.update(done);
      if (batch.first + output.pool.size(0) === span.first + span.size) {
        scope(() => { store.write(part, joined(outputs)); }); // prettier-ignore
        outputs.forEach(discard);
        outputs = [];
        at++;
      }
      if (size > 1) store.beat();
      if (signal?.aborted) throw new Stopped(`${done} of ${total} images`);
    }
  } finally {
    outputs.forEach(discard);
    bar.stop();
  }
}

const pollEvery = 200; // milliseconds
const tellEvery = 60_000;
const usualPatience = 30 * 60_000; // longer than any batch takes

/** How other processes' parts are waited for. */
type WaitOptions = Pick<GatherOptions, 'partSize' | 'signal' | 'size'> & { patience?: number };

/**
 * Waits until other processes have written all parts.
 * @param options.patience milliseconds without a part and without a sign of life, after which the others are given up: half an hour by default
 * @throws Stopped where the signal came; PeerLostError where no other process computes any more
 */
export async function awaitParts(
  subject: Pick<Subject, 'name' | 'count'>,
  store: PartStore,
  { partSize, signal, size, patience = usualPatience }: WaitOptions = gatherDefaults,
): Promise<void> {
  const parts = partsOf(subject.count, partSize);
  const bar = progress({ label: `${subject.name}: parts of ${size} processes`, total: parts.length, unit: 'parts', quiet: size === 1 }); // prettier-ignore
  try {
    let [beat, heard, told] = [store.lastBeat(), performance.now(), performance.now()];
    for (let part = 0; part < parts.length;) {
      const now = performance.now();
      if (store.lastBeat() !== beat) [beat, heard] = [store.lastBeat(), now];
      if (store.has(part)) {
        bar.update(++part);
        heard = now;
      } else if (signal?.aborted) throw new Stopped(`${part} of ${parts.length} parts`);
      else if (now - heard > patience) throw lost(subject.name, part, size, patience);
      else await setTimeout(Math.min(pollEvery, patience));
      if (now - told > tellEvery) {
        told = now;
        bar.update(part, `waiting for part ${part}, which is rank ${part % size}'s, quiet for ${Math.round((now - heard) / 60_000)} min`); // prettier-ignore
      }
    }
  } finally {
    bar.stop();
  }
}

/** Said where the process that a part is for computes no more. */
function lost(name: string, part: number, size: number, patience: number): PeerLostError {
  const minutes = Number((patience / 60_000).toPrecision(2));
  return new PeerLostError([part % size], size, `has not written part ${part} of ${name}, and no process has told for ${minutes} minutes that it computes; start all of them again with the same command: it goes on from the parts that are there`); // prettier-ignore
}

/** The features of all images. Dispose of it, or use `using`. */
export interface FeatureSet extends Disposable {
  count: number;
  /** float32 [N, D] */
  pool_ND: Tensor;
  statistics: FeatureStatistics;
  /** Of the spatial features [N, S], which are not held. */
  spatial: FeatureStatistics | undefined;
  /** float32 [N, K] */
  logits_NK: Tensor | undefined;
  /** Threads that parts were computed with. */
  threads: readonly number[];
}

/** Puts all parts together, in their order; float32 features are held once, spatial ones only as moments. */
export function collect(
  subject: Pick<Subject, 'name' | 'count'>,
  store: PartStore,
  partSize = gatherDefaults.partSize,
): FeatureSet {
  const { count } = subject;
  let pool_ND: Tensor | undefined;
  let logits_NK: Tensor | undefined;
  let pool: FeatureMoments | undefined;
  let spatial: FeatureMoments | undefined;
  const into = (all: Tensor | undefined, part: Tensor, first: number): Tensor => {
    const whole = all ?? keep(empty([count, part.size(1)]));
    scope(() => { whole.narrow(0, first, part.size(0)).copy_(part); }); // prettier-ignore
    return whole;
  };
  for (const [number, { first }] of partsOf(count, partSize).entries()) {
    const output = store.read(number);
    pool_ND = into(pool_ND, output.pool, first);
    (pool ??= new FeatureMoments(output.pool.size(1))).add(output.pool);
    if (output.spatial) (spatial ??= new FeatureMoments(output.spatial.size(1))).add(output.spatial);
    if (output.logits) logits_NK = into(logits_NK, output.logits, first);
    discard(output);
  }
  if (!pool_ND || !pool) throw new UsageError(`${subject.name}: expected at least 1 image, got 0`);
  const statistics = statisticsKept(pool);
  const spatialStatistics = spatial && statisticsKept(spatial);
  return {
    count,
    pool_ND,
    statistics,
    spatial: spatialStatistics,
    logits_NK,
    threads: store.threads,
    [Symbol.dispose]() {
      for (const one of [pool_ND, logits_NK]) one?.dispose();
      for (const one of [statistics, spatialStatistics]) disposeStatistics(one);
    },
  };
}

function statisticsKept(moments: FeatureMoments): FeatureStatistics {
  using all = moments;
  const statistics = scope(() => statisticsOfMoments(all.whole()));
  keep(statistics.mean_D);
  keep(statistics.covariance_DD);
  return statistics;
}

/** Frees statistics. */
export function disposeStatistics(statistics: FeatureStatistics | undefined): void {
  statistics?.mean_D.dispose();
  statistics?.covariance_DD.dispose();
}
