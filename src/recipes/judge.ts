// Judging samples by a classifier that was trained on the same images: a distance of features, precision, recall, and how often the class is right.
// The distance is the Fréchet classifier distance (FCD). It is not FID: the features are another network's, and it compares only models of one data set.
// Legend: B images, N images of a set, M chosen ones, D features, K classes, H and W image sides.
import { batch, imageCount, type ImageSet, toBytes, toImages } from '../data/index.js';
import {
  type Classifier,
  type FeatureStatistics,
  frechetDistanceOf,
  precisionRecall,
  statisticsOf,
} from '../evaluate/index.js';
import { sample, type SampleOptions } from '../sampling/index.js';
import { keep, noGrad, ops, scope, type Tensor, tensor } from '../torch/index.js';
import { progress } from '../util/progress.js';
import { seedFor } from '../util/random.js';
import { spread } from './evaluate/subject.js';
import type { Pair, SamplingSettings } from './pictures.js';

/** What samples are compared with. */
export interface Judge {
  classifier: Classifier;
  /** Share of the held-out images whose class the classifier finds. */
  accuracy: number;
  /** Held-out images, e.g. `fashion-mnist test (10000)`. */
  reference: string;
  features_ND: Tensor;
  statistics: FeatureStatistics;
}

/** The figures of one model. */
export interface Verdict {
  images: number;
  /** Fréchet classifier distance to the held-out images; lower is nearer. */
  fcd: number;
  /** Share of samples that lie among the held-out images, and the reverse (k = 3). */
  precision: number;
  recall: number;
  /** Share of samples that the classifier takes for the class asked for. */
  agreement: number;
}

const atOnce = 200;

/** Features [N, D] of a set's images, or of chosen ones. */
function featuresOf(
  classifier: Classifier,
  set: ImageSet,
  indices: readonly number[],
): { features_ND: Tensor; right: number } {
  return noGrad(() =>
    scope(() => {
      const parts: Tensor[] = [];
      let right = 0;
      for (let start = 0; start < indices.length; start += atOnce) {
        const judged = scope(() => {
          const { image_B3HW, labels_B } = batch(set, indices.slice(start, start + atOnce));
          const { features_BD, logits_BK } = classifier.judge(image_B3HW);
          right += logits_BK.argmax(1).eq(labels_B).sum().item();
          return features_BD;
        });
        parts.push(judged);
      }
      return { features_ND: ops.cat(parts, 0), right };
    }),
  );
}

/** A judge on all of a held-out set. */
export function judgeOf(classifier: Classifier, heldOut: ImageSet): Judge {
  const count = imageCount(heldOut);
  const all = Array.from({ length: count }, (_, i) => i);
  const { features_ND, right } = featuresOf(classifier, heldOut, all);
  const statistics = statisticsOf(features_ND);
  for (const one of [features_ND, statistics.mean_D, statistics.covariance_DD]) keep(one);
  const reference = `${heldOut.name} ${heldOut.split} (${count} images)`;
  return { classifier, accuracy: right / count, reference, features_ND, statistics };
}

function verdict(judge: Judge, features_ND: Tensor, agreed: number): Verdict {
  return scope(() => {
    const images = features_ND.size(0);
    const references = judge.features_ND.size(0);
    const chosen = spread(references, Math.min(images, references)); // of all classes, in whatever order they lie
    const reference_MD = judge.features_ND.indexSelect(
      0,
      tensor(chosen, { dtype: 'int64', device: features_ND.device }),
    );
    const { precision, recall } = precisionRecall(reference_MD, features_ND);
    const fcd = frechetDistanceOf(judge.statistics, statisticsOf(features_ND));
    return { images, fcd, precision, recall, agreement: agreed / images };
  });
}

/** The figures that real images get: what a perfect model would reach. The first `count` images of a set in a shuffled order count. */
export function judgeReal(judge: Judge, set: ImageSet, count: number): Verdict {
  const total = imageCount(set);
  const step = Math.max(1, Math.floor(total / count));
  const indices = Array.from({ length: Math.min(count, total) }, (_, i) => (i * step) % total);
  return scope(() => {
    const { features_ND, right } = featuresOf(judge.classifier, set, indices);
    return verdict(judge, features_ND, right);
  });
}

/** How a model is judged. */
export interface JudgeOptions {
  /** Samples in all, the classes in equal shares. */
  count: number;
  batchSize: number;
  /** Sample i has a seed made of this and i: models judged with the same seed draw the same random numbers. */
  seed: number;
}

/** Samples a model, class after class in turn, and judges every image as the 8-bit picture it would be saved as. */
export function judgeModel(judge: Judge, pair: Pair, settings: SamplingSettings, options: JudgeOptions): Verdict {
  const { count, batchSize, seed } = options;
  const classes = judge.classifier.classes;
  const bar = progress({ label: 'sampling', total: count, unit: 'images' });
  try {
    return scope(() => {
      const parts: Tensor[] = [];
      let agreed = 0;
      for (let start = 0; start < count; start += batchSize) {
        const numbers = Array.from({ length: Math.min(batchSize, count - start) }, (_, i) => start + i);
        const labels = numbers.map((i) => i % classes);
        const seeds = numbers.map((i) => seedFor(seed, 'judged', i));
        // a batch at once: the last bits of an image may depend on its neighbours, its random numbers do not
        const image_B3HW = lastImage(pair, { ...settings, labels, seeds, independent: false });
        const judged = scope(() => {
          const { features_BD, logits_BK } = judge.classifier.judge(toImages(toBytes(image_B3HW)));
          agreed += logits_BK
            .argmax(1)
            .eq(tensor(labels, { dtype: 'int64', device: logits_BK.device }))
            .sum()
            .item();
          return features_BD;
        });
        image_B3HW.dispose();
        parts.push(judged);
        bar.update(start + numbers.length);
      }
      return verdict(judge, ops.cat(parts, 0), agreed);
    });
  } finally {
    bar.stop();
  }
}

/** The images that a sampling ends with [B, 3, H, W], clamped to [−1, 1], in the caller's scope. */
export function lastImage(pair: Pair, options: SampleOptions): Tensor {
  for (const record of sample(pair.generator, pair.tokenizer, options))
    if (record.index === options.scales.length - 1) return record.image();
  throw new Error('internal: sampling ended without an image');
}
