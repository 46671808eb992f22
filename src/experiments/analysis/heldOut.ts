// Held-out images that an analysis looks at: chosen by a seed, the classes in turn, and read once; and features of all of them.
// Legend: B images, D features.
import { type ImageSet, type ImageSource, openLoader, toBytes } from '../../data/index.js';
import { scope, type Tensor, tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import { progress } from '../../util/progress.js';
import { permutation, seedFor } from '../../util/random.js';

/** Indices of `count` images: a random one of each class in turn, so that the first few are of different classes, and no image twice. */
export function chooseImages(labels: ArrayLike<number>, count: number, seed: number): number[] {
  if (count > labels.length)
    throw new UsageError(`--count: expected at most the ${labels.length} held-out images, got ${count}`);
  const order = permutation(labels.length, seedFor(seed, 'held-out images'));
  const queues = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const index = order(i);
    const label = labels[index]!;
    queues.set(label, [...(queues.get(label) ?? []), index]);
  }
  const rows = [...queues.entries()].sort(([a], [b]) => a - b).map(([, indices]) => indices);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < count; round++)
    for (const row of rows) if (round < row.length && chosen.length < count) chosen.push(row[round]!);
  return chosen;
}

const atOnce = 100;

/** Reads images of a set, batch after batch. */
async function eachBatch(
  images: ImageSet | ImageSource,
  side: number,
  indices: readonly number[],
  label: string,
  take: (image_B3HW: Tensor, first: number) => void,
): Promise<void> {
  const loader = openLoader(images, { side, seed: 0, flip: false, crop: false, order: (number) => indices[number]! });
  const bar = progress({ label, total: indices.length, unit: 'images' });
  try {
    for (let first = 0; first < indices.length; first += atOnce) {
      const size = Math.min(atOnce, indices.length - first);
      const { image_B3HW, labels_B } = await loader.next({ first, size });
      scope(() => {
        take(image_B3HW, first);
      });
      image_B3HW.dispose();
      labels_B.dispose();
      bar.update(first + size);
    }
  } finally {
    bar.stop();
    await loader.close();
  }
}

/** Chosen images of a set, in memory. */
export async function readChosen(
  images: ImageSet | ImageSource,
  side: number,
  indices: readonly number[],
): Promise<ImageSet> {
  const size = 3 * side * side;
  const pixels = new Uint8Array(indices.length * size);
  await eachBatch(images, side, indices, 'reading', (image_B3HW, first) => {
    pixels.set(toBytes(image_B3HW).bytes(), first * size);
  });
  const labels = Uint16Array.from(indices, (index) => images.labels[index]!);
  const { name, classes } = images;
  return { name, split: 'test', height: side, width: side, channels: 3, classes, labels, pixels };
}

/** Features [N, D] of all images of a set, in the caller's charge (dispose of them). */
export async function featuresOfAll(
  images: ImageSet | ImageSource,
  side: number,
  features: (image_B3HW: Tensor) => Tensor,
): Promise<Tensor> {
  const all = Array.from({ length: images.labels.length }, (_, i) => i);
  const parts: Float32Array[] = [];
  await eachBatch(images, side, all, 'reference features', (image_B3HW) => {
    parts.push(features(image_B3HW).to({ dtype: 'float32', device: 'cpu' }).data());
  });
  return joinRows(parts, all.length);
}

/** Rows in one tensor [N, D]. */
export function joinRows(parts: readonly Float32Array[], rows: number): Tensor {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return tensor(all, { shape: [rows, all.length / rows] });
}
