// Checks a `metrics` file: Fréchet distance, Inception Score, precision and recall of two feature sets that a formula makes.
// Legend: N samples, D feature dimensions.
import { frechetDistance, inceptionScoreInOrder, precisionRecall } from '../evaluate/index.js';
import { noGrad, scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { GoldenFile } from './goldenFile.js';
import { hashSequence64 } from './hash.js';
import { type Check, compareFloats, compareNumber } from './report.js';

const tolerance = 1e-6;
const missing = 50; // the sample has so many fewer rows than the reference
const splitSize = 100; // of the Inception Score
const classes = 10; // columns that serve as class logits
const neighbours = 3; // of precision and recall

/** All checks of one file. */
export function checkMetrics(file: GoldenFile): Check[] {
  return noGrad(() =>
    scope(() => {
      const { reference, sample } = featureSets(file);
      const head = (name: string, found: Tensor) =>
        compareFloats(name, found.narrow(0, 0, file.tensor(name).size(0)), file.tensor(name), tolerance);
      const number = (name: string, found: number, expected: number) => compareNumber(name, found, expected, tolerance);
      const score = inceptionScoreInOrder(sample.narrow(1, 0, classes).mul(3), splitSize);
      const [mean, deviation] = file.numbers('inception_score_mean_std');
      const { precision, recall } = precisionRecall(reference, sample, neighbours);
      const [expectedPrecision, expectedRecall] = file.numbers('precision_recall_k3');
      return [
        head('reference_head', reference),
        head('sample_head', sample),
        number('fid', frechetDistance(reference, sample), file.number('fid')),
        number('inception_score_mean', score.mean, mean!),
        number('inception_score_std', score.deviation, deviation!),
        number('precision_k3', precision, expectedPrecision!),
        number('recall_k3', recall, expectedRecall!),
      ];
    }),
  );
}

/** Reference [N, D] and sample [N − 50, D], computed in float64, rounded to float32. */
function featureSets(file: GoldenFile): { reference: Tensor; sample: Tensor } {
  const [N, D] = [file.integer('N'), file.integer('D')];
  if (N <= missing || D < classes)
    throw new UsageError(`${file.path}: expected N above ${missing} and D of at least ${classes}, got ${N} and ${D}`);
  const hash = (name: string, ...shape: number[]) =>
    tensor(hashSequence64(name, shape.reduce((a, b) => a * b, 1), file.seed), { shape }); // prettier-ignore
  const features = (name: string) => {
    const z = hash(name, N, D, 3).sum([-1]);
    const mixing = hash(`${name}.mix`, D, D).div(Math.sqrt(D));
    return z
      .matmul(mixing)
      .add(hash(`${name}.mean`, D).mul(0.3))
      .clampMin(-0.5);
  };
  const reference = features('metrics.reference');
  const sample = reference.mul(0.8).add(features('metrics.sample').mul(0.35));
  return { reference: reference.to('float32'), sample: sample.narrow(0, 0, N - missing).to('float32') };
}
