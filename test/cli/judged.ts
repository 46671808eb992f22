// What `evaluate` and `sweep` are tried on: run folders with the generators that come with Scalewise, and classifiers that have learnt nothing.
import { join } from 'node:path';
import { Classifier } from '../../src/evaluate/index.js';
import { initialiseConvolutions } from '../../src/models/index.js';
import { saveWeights } from '../../src/nn/index.js';
import { type GeneratorCard, loadModels, saveGenerator, saveTokenizer } from '../../src/recipes/index.js';
import { Generator } from '../../src/torch/index.js';

const weights = join(import.meta.dirname, '..', '..', 'weights', 'fashion-mnist');

/** The run folder `folder` with one of the generators, whose card has other entries. */
export function modelFolder(folder: string, file: string, card: Partial<GeneratorCard>): void {
  const models = loadModels(join(weights, file), undefined);
  saveGenerator(join(folder, 'generator.safetensors'), models.generator, { ...models.card, ...card });
  saveTokenizer(join(folder, 'tokenizer.safetensors'), models.tokenizer);
  models.generator.dispose();
  models.tokenizer.dispose();
}

/** A classifier of ten classes with random weights. */
export function classifierFile(path: string, seed: number): void {
  using random = new Generator(seed);
  const classifier = new Classifier(10);
  initialiseConvolutions(classifier, random);
  saveWeights(path, classifier.stateDict(), { kind: 'classifier', classes: '10' });
  classifier.dispose();
}
