// A judge whose held-out images are sorted by class, as those of packaged sets may be.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ImageSet } from '../data/index.js';
import { Classifier } from '../evaluate/index.js';
import { initialiseConvolutions } from '../models/index.js';
import { saveWeights } from '../nn/index.js';
import { Generator, liveTensors } from '../torch/index.js';
import { classifierJudge } from './judge.js';

const [side, classes, perClass] = [16, 10, 4];
const count = classes * perClass;

/** Images of class k are k tenths bright, a little different each. */
const sorted: ImageSet = {
  name: 'grey',
  split: 'test',
  classes: Array.from({ length: classes }, (_, k) => String(k)),
  height: side,
  width: side,
  channels: 1,
  labels: Uint16Array.from({ length: count }, (_, i) => Math.floor(i / perClass)),
  pixels: Uint8Array.from({ length: count * side * side }, (_, at) => {
    const image = Math.floor(at / side ** 2);
    return 25 * Math.floor(image / perClass) + (image % perClass) + (at % 3);
  }),
};

test('precision and recall of fewer images than are held out look at all classes; the fingerprint is that of the weights', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-judge-'));
  const classifier = new Classifier(classes);
  using random = new Generator(1);
  initialiseConvolutions(classifier, random);
  for (const name of ['one', 'other'])
    saveWeights(join(folder, name), classifier.stateDict(), { kind: 'classifier', classes: String(classes), name });
  const before = liveTensors();
  {
    using judge = await classifierJudge(join(folder, 'one'), sorted);
    using other = await classifierJudge(join(folder, 'other'), sorted);
    expect(judge.reference).toBe('grey test (40 images)');
    expect(other.fingerprint).toBe(judge.fingerprint);
    const real = await judge.assessReal(sorted, classes); // one image a class
    expect(Object.keys(real)).toEqual(['images', 'fcd', 'precision', 'recall', 'agreement']);
    expect(real).toMatchObject({ images: classes, precision: 1, recall: 1 });
  }
  expect(liveTensors()).toBe(before);
  rmSync(folder, { recursive: true });
});
