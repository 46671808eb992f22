// Targets from latents in memory: the whole set is encoded once, before the training; each step then only quantises, at whichever scales it draws.
// Where every scale has a latent of its own, their indices are kept instead, of all sides that may be drawn.
// Legend: N images, K crops of an image, M 1 or 2 (plain, mirrored), R = N · K · M, B batch, C code width, h and w latent sides, T tokens of all sides,
// X either.
import { batchIndices, type Loader } from '../data/index.js';
import { type Others, sameScale, type Scales, type Tokenizer, tokensOf } from '../tokenizers/index.js';
import { keep, noGrad, ops, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { progress } from '../util/progress.js';
import { encodeIndices, encodeLatents, type Encoding, quantiseLatents } from './encoding.js';
import { readingCount, readingOf, type Readings } from './readings.js';
import type { TargetSource } from './targets.js';

const encodedAtOnce = 256;

/** What encoding a whole set takes. */
interface LatentOptions {
  seed: number;
  readings: Readings;
  encoding: Encoding;
  /** Sides of all scales that may be asked for; only a tokenizer whose scales have latents of their own wants them. */
  sides?: Scales;
  /** The processes that encode it together, each every so many portions, and then have all of it; this one alone by default. */
  others?: Others | undefined;
}

/** What is kept of images, and what becomes of it. */
interface Kept {
  /** Images [B, 3, H, W] → what is kept of them [B, …X]. */
  encode: (image_B3HW: Tensor) => Tensor;
  /** That [B, …X], on the device → indices [B, N] of every scale. */
  indices: (kept_BX: Tensor, scales: Scales) => Tensor[];
}

/** Continuous latents [B, C, h, w]. */
const latents = (tokenizer: Tokenizer, { encoding }: LatentOptions): Kept => ({
  encode: (image_B3HW) => encodeLatents(tokenizer, image_B3HW, encoding),
  indices: (latent_BChw, scales) => quantiseLatents(tokenizer, latent_BChw, scales),
});

/** Indices [B, T] of all sides, one after another. */
const indices = (tokenizer: Tokenizer, { encoding, sides = [] }: LatentOptions): Kept => ({
  encode: (image_B3HW) => ops.cat(encodeIndices(tokenizer, image_B3HW, [sides], encoding), 1).to('int32'),
  indices: (index_BT, scales) => {
    const bySide = index_BT.to('int64').splitWithSizes(sides.map(tokensOf), 1); // prettier-ignore
    return scales.map((scale) => bySide[sides.findIndex((side) => sameScale(side, scale))]!.contiguous());
  },
});

/** What is kept [R, …X] (on the CPU) of a loader's images in their order (`openInOrder`), and the labels [N]. */
async function encodeAll(encode: Kept['encode'], inOrder: Loader, options: LatentOptions) {
  const { readings } = options;
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
  let all_RX: Tensor | undefined;
  const bar = progress({ label: 'encoding', total, unit: 'images', quiet: rank > 0 });
  try {
    for (const [i, span] of spans.entries()) {
      const { image_B3HW, labels_B } = await inOrder.next(span, spans.slice(i + 1, i + 2));
      scope(() => {
        const sides = flip ? [image_B3HW, image_B3HW.flip([3])] : [image_B3HW];
        const part_BMX = ops.stack(sides.map(encode), 1);
        const [B, M, ...sizes] = part_BMX.shape as [number, number, ...number[]];
        all_RX ??= keep(zeros([total * M, ...sizes], { dtype: part_BMX.dtype }));
        noGrad(() => all_RX!.narrow(0, span.first * M, B * M).copy_(part_BMX.flatten(0, 1)));
        label_K.narrow(0, span.first, B).copy_(labels_B);
      });
      for (const one of [image_B3HW, labels_B]) one.dispose();
      bar.update(Math.min(total, (i + 1) * portion * size));
    }
  } finally {
    bar.stop();
  }
  for (const one of [label_K, all_RX!]) others?.sum(one);
  const labels = label_K.toArray().filter((_, i) => i % perImage === 0);
  label_K.dispose();
  return { all_RX: all_RX!, labels };
}

/** Encodes all images of a loader that goes through them in order (`openInOrder`), which is closed then, and keeps their latents in memory. */
export async function targetsOfLatents(
  tokenizer: Tokenizer,
  inOrder: Loader,
  options: LatentOptions,
): Promise<TargetSource> {
  const { seed, readings, encoding } = options;
  const { count, classes } = inOrder;
  const kept = tokenizer.latentPerScale ? indices(tokenizer, options) : latents(tokenizer, options);
  const { all_RX, labels } = await encodeAll(kept.encode, inOrder, options).finally(() => inOrder.close());
  const { device } = encoding;
  return {
    count,
    classes,
    next({ first, size }, scales) {
      const numbers = batchIndices(count, seed, first, size);
      const rows = numbers.map((index, i) => index * readingCount(readings) + readingOf(seed, first + i, readings));
      const targets = scope(() => {
        const kept_BX = all_RX.indexSelect(0, tensor(rows, { dtype: 'int64' })).to({ device });
        return noGrad(() => kept.indices(kept_BX, scales));
      });
      return Promise.resolve({ targets, labels_B: tensor(numbers.map((index) => labels[index]!), { dtype: 'int64', device }) }); // prettier-ignore
    },
    close() {
      all_RX.dispose();
      return Promise.resolve();
    },
  };
}
