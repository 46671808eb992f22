// Targets from latents in memory: the whole set is encoded once, before the training; each step then only quantises, at whichever scales it draws.
// Legend: N images, K crops of an image, M 1 or 2 (plain, mirrored), R = N · K · M, B batch, C code width, h and w latent sides.
import { batchIndices, type Loader } from '../data/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { keep, noGrad, ops, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { progress } from '../util/progress.js';
import { encodeLatents, type Encoding, quantiseLatents } from './encoding.js';
import { readingCount, readingOf, type Readings } from './readings.js';
import type { TargetSource } from './targets.js';

const encodedAtOnce = 256;

/** The latents [R, C, h, w] (float32, on the CPU) of a loader's images in their order (`openInOrder`), and the labels of the N images. */
async function encodeAll(
  tokenizer: Tokenizer,
  inOrder: Loader,
  { flip, crops }: Readings,
  encoding: Encoding,
  quiet: boolean,
) {
  const perImage = crops?.count ?? 1;
  const total = inOrder.count * perImage;
  const spanAt = (first: number) => ({ first, size: Math.min(encodedAtOnce, total - first) });
  const labels: number[] = [];
  let all_RChw: Tensor | undefined;
  const bar = progress({ label: 'encoding', total, unit: 'images', quiet });
  try {
    for (let first = 0; first < total; first += encodedAtOnce) {
      const following = first + encodedAtOnce < total ? [spanAt(first + encodedAtOnce)] : [];
      const { image_B3HW, labels_B } = await inOrder.next(spanAt(first), following);
      scope(() => {
        const sides = flip ? [image_B3HW, image_B3HW.flip([3])] : [image_B3HW];
        const part_BMChw = ops.stack(sides.map((one_B3HW) => encodeLatents(tokenizer, one_B3HW, encoding)), 1); // prettier-ignore
        const [B, M, ...sizes] = part_BMChw.shape as [number, number, ...number[]];
        all_RChw ??= keep(zeros([total * M, ...sizes]));
        noGrad(() => all_RChw!.narrow(0, first * M, B * M).copy_(part_BMChw.flatten(0, 1)));
      });
      labels.push(...labels_B.toArray().filter((_, i) => (first + i) % perImage === 0));
      for (const one of [image_B3HW, labels_B]) one.dispose();
      bar.update(first + spanAt(first).size);
    }
  } finally {
    bar.stop();
  }
  return { latent_RChw: all_RChw!, labels };
}

/** Encodes all images of a loader that goes through them in order (`openInOrder`), which is closed then, and keeps their latents in memory. `quiet`: without showing how far it is. */
export async function targetsOfLatents(
  tokenizer: Tokenizer,
  inOrder: Loader,
  {
    seed,
    readings,
    encoding,
    quiet = false,
  }: { seed: number; readings: Readings; encoding: Encoding; quiet?: boolean },
): Promise<TargetSource> {
  const { count, classes } = inOrder;
  const { latent_RChw, labels } = await encodeAll(tokenizer, inOrder, readings, encoding, quiet).finally(() =>
    inOrder.close(),
  );
  const { device } = encoding;
  return {
    count,
    classes,
    next({ first, size }, scales) {
      const indices = batchIndices(count, seed, first, size);
      const rows = indices.map((index, i) => index * readingCount(readings) + readingOf(seed, first + i, readings));
      const targets = scope(() => {
        const latent_BChw = latent_RChw.indexSelect(0, tensor(rows, { dtype: 'int64' })).to({ device });
        return quantiseLatents(tokenizer, latent_BChw, scales);
      });
      return Promise.resolve({ targets, labels_B: tensor(indices.map((index) => labels[index]!), { dtype: 'int64', device }) }); // prettier-ignore
    },
    close() {
      latent_RChw.dispose();
      return Promise.resolve();
    },
  };
}
