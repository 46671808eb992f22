// Targets from latents in memory: the whole set is encoded once, before the training; each step then only quantises, at whichever scales it draws.
// Legend: N images, K crops of an image, M 1 or 2 (plain, mirrored), R = N · K · M, B batch, C code width, h and w latent sides.
import { batchIndices, type Loader } from '../data/index.js';
import type { Others, Tokenizer } from '../tokenizers/index.js';
import { keep, noGrad, ops, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { progress } from '../util/progress.js';
import { encodeLatents, type Encoding, quantiseLatents } from './encoding.js';
import { readingCount, readingOf, type Readings } from './readings.js';
import type { TargetSource } from './targets.js';

const encodedAtOnce = 256;

/** What encoding a whole set takes. */
interface LatentOptions {
  seed: number;
  readings: Readings;
  encoding: Encoding;
  /** The processes that encode it together, each every so many portions, and then have all of it; this one alone by default. */
  others?: Others | undefined;
}

/** The latents [R, C, h, w] (float32, on the CPU) of a loader's images in their order (`openInOrder`), and the labels [N]. */
async function encodeAll(tokenizer: Tokenizer, inOrder: Loader, options: LatentOptions) {
  const { readings, encoding } = options;
  const { flip, crops } = readings;
  const perImage = crops?.count ?? 1;
  const total = inOrder.count * perImage;
  const others = options.others && total >= options.others.size ? options.others : undefined; // each has something to do
  const { rank, size } = others ?? { rank: 0, size: 1 };
  const portion = Math.min(encodedAtOnce, Math.floor(total / size));
  const spans = Array.from({ length: Math.ceil(total / portion) }, (_, i) => ({
    first: i * portion,
    size: Math.min(portion, total - i * portion),
  })) // prettier-ignore
    .filter((_, i) => i % size === rank);
  const label_K = keep(zeros([total], { dtype: 'int64' })); // of each crop
  let all_RChw: Tensor | undefined;
  const bar = progress({ label: 'encoding', total, unit: 'images', quiet: rank > 0 });
  try {
    for (const [i, span] of spans.entries()) {
      const { image_B3HW, labels_B } = await inOrder.next(span, spans.slice(i + 1, i + 2));
      scope(() => {
        const sides = flip ? [image_B3HW, image_B3HW.flip([3])] : [image_B3HW];
        const part_BMChw = ops.stack(sides.map((one_B3HW) => encodeLatents(tokenizer, one_B3HW, encoding)), 1); // prettier-ignore
        const [B, M, ...sizes] = part_BMChw.shape as [number, number, ...number[]];
        all_RChw ??= keep(zeros([total * M, ...sizes]));
        noGrad(() => all_RChw!.narrow(0, span.first * M, B * M).copy_(part_BMChw.flatten(0, 1)));
        label_K.narrow(0, span.first, B).copy_(labels_B);
      });
      for (const one of [image_B3HW, labels_B]) one.dispose();
      bar.update(Math.min(total, (i + 1) * portion * size));
    }
  } finally {
    bar.stop();
  }
  for (const one of [label_K, all_RChw!]) others?.sum(one);
  const labels = label_K.toArray().filter((_, i) => i % perImage === 0);
  label_K.dispose();
  return { latent_RChw: all_RChw!, labels };
}

/** Encodes all images of a loader that goes through them in order (`openInOrder`), which is closed then, and keeps their latents in memory. */
export async function targetsOfLatents(
  tokenizer: Tokenizer,
  inOrder: Loader,
  options: LatentOptions,
): Promise<TargetSource> {
  const { seed, readings, encoding } = options;
  const { count, classes } = inOrder;
  const { latent_RChw, labels } = await encodeAll(tokenizer, inOrder, options).finally(() => inOrder.close());
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
