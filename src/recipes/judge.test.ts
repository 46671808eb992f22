// A judge whose held-out images are sorted by class, as those of packaged sets may be.
import { expect, test } from 'vitest';
import type { ImageSet } from '../data/index.js';
import { Classifier } from '../evaluate/index.js';
import { initialiseConvolutions } from '../models/index.js';
import { Generator } from '../torch/index.js';
import { judgeOf, judgeReal } from './judge.js';

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

test('precision and recall of fewer images than are held out look at all classes', () => {
  const classifier = new Classifier(classes);
  using random = new Generator(1);
  initialiseConvolutions(classifier, random);
  const judge = judgeOf(classifier.requireGrad(false).eval(), sorted);
  const real = judgeReal(judge, sorted, classes); // one image a class
  expect(real).toMatchObject({ images: classes, precision: 1, recall: 1 });
});
