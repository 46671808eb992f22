// Judging samples by a classifier that was trained on the same images: a distance of features, precision, recall, and how often the class is right.
// The distance is the Fréchet classifier distance (FCD). It is not FID: the features are another network's, and it compares only models of one data set.
import { createHash } from 'node:crypto';
import { imageCount, type ImageSet } from '../data/index.js';
import type { Assessor, JudgeOptions, Measure } from './assessor.js';
import { loadClassifier } from './classifierFile.js';
import { dataSubject } from './evaluate/imageSubject.js';
import { classifierNetwork } from './evaluate/network.js';
import { featuresInMemory, networkAssessor } from './evaluate/networkAssessor.js';
import { imagesReference } from './evaluate/reference.js';
import type { Pair, SamplingSettings } from './pictures.js';

/** The figures of one model. */
export type Verdict = {
  images: number;
  /** Fréchet classifier distance to the held-out images; lower is nearer. */
  fcd: number;
  /** Share of samples that lie among the held-out images, and the reverse (k = 3). */
  precision: number;
  recall: number;
  /** Share of samples that the classifier takes for the class asked for. */
  agreement: number;
};

/** Judges by a classifier of the data, against its held-out images. Dispose of it, or use `using`. */
export interface Judge extends Assessor, Disposable {
  /** Share of the held-out images whose class the classifier finds. */
  accuracy: number;
  assess(pair: Pair, how: SamplingSettings, options: JudgeOptions): Verdict;
  /** The figures that real images get, `count` of them spread over the set: what a perfect model would reach. */
  assessReal(set: ImageSet, count: number): Promise<Verdict>;
}

const columns = [
  { key: 'fcd', name: 'FCD', digits: 3 },
  { key: 'precision', name: 'precision', digits: 3 },
  { key: 'recall', name: 'recall', digits: 3 },
  { key: 'agreement', name: 'class agreement', digits: 3 },
] as const;

/** Real images that the classifier sees at once. */
const atOnce = 200;

/** Tells a classifier by its weights, wherever its file lies and whatever else is in it. */
function fingerprintOf(path: string, reference: string): string {
  const classifier = loadClassifier(path);
  const hash = createHash('sha256');
  for (const weight of classifier.stateDict().values()) hash.update(weight.bytes());
  classifier.dispose();
  return hash.update(reference).digest('hex').slice(0, 16);
}

/** What that judge's figures are by, known without looking at any image. */
export function classifierMeasure(path: string, heldOut: ImageSet): Measure {
  const reference = `${dataSubject(heldOut).name} (${imageCount(heldOut)} images)`;
  return { headline: columns[0], columns, reference, fingerprint: fingerprintOf(path, reference) };
}

/** The judge whose classifier lies at `path`; `classifierAt` trains it where it is missing. */
export async function classifierJudge(path: string, heldOut: ImageSet, device = 'cpu'): Promise<Judge> {
  const network = classifierNetwork(path, device);
  const subject = dataSubject(heldOut);
  const reference = imagesReference(subject, network, await featuresInMemory(subject, network, atOnce));
  const fingerprint = fingerprintOf(path, reference.name);
  const assessor = networkAssessor(network, reference, { columns, wholeBatches: true, fingerprint });
  return {
    ...assessor,
    accuracy: reference.accuracy!,
    assess: (pair, how, options) => assessor.assess(pair, how, options) as Verdict,
    assessReal: async (set, count) => {
      const total = imageCount(set);
      const step = Math.max(1, Math.floor(total / count));
      const chosen = Array.from({ length: Math.min(count, total) }, (_, i) => (i * step) % total);
      const real = dataSubject(set, chosen);
      using features = await featuresInMemory(real, network, atOnce);
      return assessor.figuresOf(features, real.labels!, 0) as Verdict;
    },
    [Symbol.dispose]() {
      reference[Symbol.dispose]();
      network.dispose();
    },
  };
}
