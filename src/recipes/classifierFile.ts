// The judge of samples: a small classifier, trained on a data set's training split and kept as a file with its accuracy.
import { batch, batchIndices, imageCount, type ImageSet } from '../data/index.js';
import { accuracy, Classifier } from '../evaluate/index.js';
import { initialiseConvolutions } from '../models/index.js';
import { AdamW, learningRate, loadWeights, parameterGroups, saveWeights } from '../nn/index.js';
import { optimizerStep } from '../train/index.js';
import { Generator, ops, scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { progress } from '../util/progress.js';
import { seedFor, uniforms } from '../util/random.js';
import { flipSome } from './flip.js';

/** How the classifier is trained. */
export interface ClassifierSettings {
  seed: number;
  device: string;
  epochs: number;
  batchSize: number;
  learningRate: number;
  flip: boolean;
}

export const classifierDefaults: ClassifierSettings = {
  seed: 0, device: 'cpu', epochs: 2, batchSize: 128, learningRate: 2e-3, flip: true,
}; // prettier-ignore

/** Trains a classifier in float32: AdamW, a cosine to zero. */
export function trainClassifier(set: ImageSet, settings: ClassifierSettings = classifierDefaults): Classifier {
  const { seed, device, epochs, batchSize, flip } = settings;
  const classifier = new Classifier(set.classes.length);
  using random = new Generator(seedFor(seed, 'classifier'));
  initialiseConvolutions(classifier, random);
  classifier.to({ device, memoryFormat: 'channelsLast' });
  const optimizer = new AdamW(parameterGroups(classifier), { betas: [0.9, 0.99] });
  const parameters = classifier.parameters();
  const images = epochs * imageCount(set);
  const iterations = Math.ceil(images / batchSize);
  const schedule = {
    shape: 'cos' as const, peak: settings.learningRate, iterations, warmupIterations: 20, warmupStart: 0.05, end: 0.01,
  }; // prettier-ignore
  const bar = progress({ label: 'classifier', total: images, unit: 'images' });
  for (let step = 0; step < iterations; step++) {
    const seen = step * batchSize;
    const { numbers } = scope(() => {
      const plain = batch(set, batchIndices(imageCount(set), seed, seen, batchSize));
      const labels_B = plain.labels_B.to({ device });
      const uniform = uniforms(seedFor(seed, 'classifier flip', seen));
      const image_B3HW = (flip ? flipSome(plain.image_B3HW, uniform) : plain.image_B3HW).to({ device });
      return optimizerStep(
        {
          optimizer, parameters, clip: 5, precision: 'float32', device,
          learningRate: learningRate(schedule, step), weightDecay: 0.02,
        }, // prettier-ignore
        [() => ({ loss: ops.crossEntropyLoss(classifier.forward(image_B3HW).logits_BK, labels_B), parts: {} })],
      );
    });
    bar.update(Math.min(seen + batchSize, images), `loss ${numbers['loss']!.toFixed(3)}`);
  }
  bar.stop();
  optimizer.dispose();
  classifier.requireGrad(false).eval();
  return classifier;
}

/** Writes a classifier with the data it was trained on and its accuracy on held-out images. */
export function saveClassifier(path: string, classifier: Classifier, data: string, heldOut: ImageSet): number {
  const share = accuracy(classifier, heldOut);
  saveWeights(path, classifier.stateDict(), {
    kind: 'classifier', family: 'scalewise', classes: String(classifier.classes), data, accuracy: String(share),
  }); // prettier-ignore
  return share;
}

/** Reads a classifier, without gradients. */
export function loadClassifier(path: string, device = 'cpu'): Classifier {
  const { metadata, tensors } = loadWeights(path);
  if (metadata['kind'] !== 'classifier')
    throw new UsageError(
      `${path}: expected a classifier's weights, found ${metadata['kind'] ?? 'no description of what it is'}`,
    );
  const classifier = new Classifier(Number(metadata['classes']));
  classifier.loadStateDict(tensors, path);
  for (const one of tensors.values()) one.dispose();
  classifier.to({ device, memoryFormat: 'channelsLast' });
  classifier.requireGrad(false).eval();
  return classifier;
}
