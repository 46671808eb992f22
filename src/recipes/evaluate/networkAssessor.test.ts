// The assessor of any network, against the judge of the quickstart and of experiments: the same samples, the same distance.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tinyFlexVar } from '../../../test/models.js';
import type { ImageSet } from '../../data/index.js';
import { Classifier } from '../../evaluate/index.js';
import { initialiseConvolutions } from '../../models/index.js';
import { saveWeights } from '../../nn/index.js';
import { Generator, liveTensors } from '../../torch/index.js';
import { seedFor } from '../../util/random.js';
import type { Figures } from '../assessor.js';
import { classifierJudge } from '../judge.js';
import { MemoryStore } from './chunkStore.js';
import { collect, computeParts } from './gather.js';
import { dataSubject } from './imageSubject.js';
import { classifierNetwork } from './network.js';
import { networkAssessor } from './networkAssessor.js';
import { imagesReference } from './reference.js';

test('the figures of the judge, and more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-assessor-'));
  const path = join(folder, 'classifier.safetensors');
  const classifier = new Classifier(5);
  initialiseConvolutions(classifier, new Generator(1));
  saveWeights(path, classifier.stateDict(), { kind: 'classifier', classes: '5' });
  const heldOut: ImageSet = {
    name: 'noise',
    split: 'test',
    height: 16,
    width: 16,
    channels: 3,
    classes: ['a', 'b', 'c', 'd', 'e'],
    labels: Uint16Array.from({ length: 30 }, (_, i) => i % 5),
    pixels: Uint8Array.from({ length: 30 * 768 }, (_, i) => seedFor(i >> 4) % 256),
  };
  const pair = tinyFlexVar({ vocabularySize: 16, width: 16, heads: 2, positionSide: 8 });
  const how = { scales: [1, 2, 4, 8] };
  const options = { count: 30, batchSize: 8, seed: 5 }; // as many as references: then both look at all of them
  using judge = await classifierJudge(path, heldOut);
  const wanted: Figures = judge.assess(pair, how, options);
  expect(Object.keys(wanted)).toEqual(['images', 'fcd', 'precision', 'recall', 'agreement']);

  const network = classifierNetwork(path);
  const subject = dataSubject(heldOut);
  const store = new MemoryStore();
  await computeParts(subject, () => network, store);
  using reference = imagesReference(subject, network, collect(subject, store));
  const assessor = networkAssessor(network, reference);
  const before = liveTensors();
  const found = assessor.assess(pair, how, options);
  expect(liveTensors()).toBe(before);
  expect(assessor.columns.map(({ key }) => key)).toEqual(Object.keys(found).slice(1));
  expect(assessor.headline).toEqual({ key: 'fcd', name: 'FCD', digits: 3 });
  for (const key of ['images', 'precision', 'recall', 'agreement']) expect(found[key], key).toBe(wanted[key]);
  expect(found['fcd']).toBeCloseTo(wanted['fcd']!, 6);
  network.dispose();
  rmSync(folder, { recursive: true });
});
