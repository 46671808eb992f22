// The judge of a sweep: a network, and reference images or statistics whose features are computed once. A point's samples become features part by
// part; the parts are kept until the point is measured, so that a sweep stops after any batch, and goes on there.
import { join } from 'node:path';
import {
  distanceName,
  type EvaluationNetwork,
  type EvaluationPlan,
  featuresFor,
  gatherDefaults,
  generatorSubject,
  imagesReference,
  metricsOf,
  type Reference,
  type StatisticsFile,
  statisticsReference,
  Stopped,
  type Subject,
} from '../recipes/index.js';
import { libtorch } from '../torch/index.js';
import { hashOf, settingsAt, type SweepJudge, type Task } from './sweepPoints.js';
import type { Work } from './sweepWork.js';

/** How features are computed, and the folder of the sweep, where the reference's wait. */
export type JudgePlan = Pick<EvaluationPlan, 'batchSize' | 'device'> & { folder: string };

const noSignal = new AbortController().signal;
const planOf = (network: EvaluationNetwork, plan: JudgePlan, signal: AbortSignal) => ({ ...gatherDefaults, ...plan, network, signal }); // prettier-ignore

async function openReference(
  network: EvaluationNetwork,
  reference: Subject | StatisticsFile,
  plan: JudgePlan,
): Promise<Reference> {
  const isFile = 'path' in reference;
  const images = isFile ? reference.images : reference;
  const part = images && join('features', `reference-${hashOf(JSON.stringify(images.identity), network.sha256, String(plan.batchSize))}`); // prettier-ignore
  const features = images && part ? await featuresFor(images, part, planOf(network, plan, noSignal)) : undefined;
  return isFile ? statisticsReference(reference, network, features) : imagesReference(reference, network, features!);
}

/** The samples of a task, drawn with a model that is loaded already. */
function samplesOf({ model, point, seed }: Task, pair: Parameters<SweepJudge['measure']>[1], count: number): Subject {
  const { name, fingerprint, classes, size } = model;
  const settings = settingsAt(model, point);
  const open = () => ({ ...pair, close: () => undefined }); // the sweep closes it
  return generatorSubject({ name, identity: { weights: fingerprint }, classes, size, settings, open }, { count, seed });
}

/** Images that give a sign of life with every batch. */
function telling(subject: Subject, work: Work): Subject {
  async function* read(...wanted: Parameters<Subject['read']>): ReturnType<Subject['read']> {
    for await (const batch of subject.read(...wanted)) {
      yield batch;
      work.beat();
    }
  }
  return { ...subject, read };
}

/**
 * A judge by a network's features: its distance, and whatever other figures the network and the reference allow.
 * @throws UsageError where the reference's statistics are of another network
 */
export async function networkJudge(
  network: EvaluationNetwork,
  given: Subject | StatisticsFile,
  plan: JudgePlan,
): Promise<SweepJudge & Disposable> {
  const reference = await openReference(network, given, plan);
  const { key, name } = network.distance;
  return {
    headline: { key, name, digits: 3 },
    reference: reference.name,
    fingerprint: hashOf(network.sha256, JSON.stringify(reference.identity)),
    width: reference.statistics.mean_D.size(0),
    libtorch: libtorch().version,
    note: network.note,
    measure: async (task, pair, { count, signal, work }) => {
      const subject = samplesOf(task, pair, count);
      const plain = planOf(network, { ...plan, folder: work.folder }, signal);
      try {
        using features = await featuresFor(telling(subject, work), 'samples', plain);
        const distance = distanceName(network, reference, subject);
        using found = metricsOf(network, reference, features!, { distance, labels: subject.labels, seed: task.seed });
        return found.metrics;
      } catch (error) {
        if (error instanceof Stopped) return undefined;
        throw error;
      }
    },
    [Symbol.dispose]() {
      reference[Symbol.dispose]();
    },
  };
}
