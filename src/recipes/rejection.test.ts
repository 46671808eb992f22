// Rejection sampling over a drawing and a classifier that are plain functions of class and seed: every choice can be worked out by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ops, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';
import { candidateSeed, RejectionSampler, type RejectionOptions, type TakenImage } from './rejection.js';

const classes = 4;
/** The grey level of an image: some function of its seed. */
const level = (seed: number) => seedFor(seed, 'level') % 256;
/** The classifier takes the levels for 0 … 255 as logits of −4 … 4 of class 0, against nought of the others. */
const probability = (label: number, grey: number) => {
  const weight = Math.exp((grey / 127.5 - 1) * 4);
  return (label === 0 ? weight : 1) / (weight + classes - 1);
};
const classifier = {
  classes,
  judge(image_B3HW: Tensor) {
    const level_B1 = image_B3HW.mean([1, 2, 3]).unsqueeze(1).mul(4);
    return { features_BD: level_B1, logits_BK: ops.cat([level_B1, level_B1.mul(0).expand([-1, classes - 1])], 1) };
  },
};

/** Draws grey images of 2 × 2 pixels and notes the sizes of the batches. */
function drawing(): { draw: (labels: readonly number[], seeds: readonly number[]) => Tensor; batches: number[] } {
  const batches: number[] = [];
  const draw = (_: readonly number[], seeds: readonly number[]) => {
    batches.push(seeds.length);
    return tensor(seeds.flatMap((seed) => Array<number>(12).fill(level(seed) / 127.5 - 1)), { shape: [seeds.length, 3, 2, 2] }); // prettier-ignore
  };
  return { draw, batches };
}

/** The choice for one image, worked out alone. */
function plain(label: number, seed: number, { candidates, threshold = Infinity }: RejectionOptions) {
  const all = Array.from({ length: candidates }, (_, candidate) => {
    const own = candidateSeed(seed, candidate);
    return { candidate, seed: own, grey: level(own), probability: probability(label, level(own)) };
  });
  const first = all.find((one) => one.probability >= threshold);
  const drawn = first ? first.candidate + 1 : candidates;
  const best = all.slice(0, drawn).reduce((a, b) => (b.probability > a.probability ? b : a));
  return { best, drawn, reached: first !== undefined };
}

async function taken(labels: readonly number[], seeds: readonly number[], options: RejectionOptions) {
  const { draw, batches } = drawing();
  const sampler = new RejectionSampler(draw, classifier, options);
  const images: TakenImage[] = [];
  for await (const image of sampler.sample(labels, seeds)) images.push(image);
  return { images, counts: sampler.counts, batches };
}

test('each image is the candidate that its own candidates say, in order, whatever the batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(classes - 1), fc.nat(1000)), { maxLength: 12 }),
      fc.record({
        candidates: fc.integer({ min: 1, max: 5 }),
        threshold: fc.option(fc.double({ min: 0.05, max: 1, noNaN: true }), { nil: undefined }),
        batchSize: fc.integer({ min: 1, max: 6 }),
      }),
      async (pairs, options) => {
        const [labels, seeds] = [pairs.map(([label]) => label), pairs.map(([, seed]) => seed)];
        const expected = pairs.map(([label, seed]) => plain(label, seed, options));
        const { images, counts, batches } = await taken(labels, seeds, options);
        expect(images.map(({ index, label, seed, candidate }) => ({ index, label, seed, candidate }))).toEqual(
          expected.map(({ best }, index) => ({
            index,
            label: labels[index],
            seed: best.seed,
            candidate: best.candidate,
          })),
        );
        images.forEach((image, i) => {
          expect(image.probability).toBeCloseTo(expected[i]!.best.probability, 5);
          expect([image.width, image.height, ...image.rgb]).toEqual([2, 2, ...Array<number>(12).fill(expected[i]!.best.grey)]); // prettier-ignore
        });
        const drawn = expected.reduce((sum, one) => sum + one.drawn, 0);
        expect(counts).toEqual({ images: pairs.length, drawn, reached: expected.filter((one) => one.reached).length });
        expect(batches.reduce((sum, one) => sum + one, 0)).toBe(drawn);
        expect(Math.max(0, ...batches)).toBeLessThanOrEqual(options.batchSize);
      },
    ),
    { numRuns: 60 },
  );
});

test('batches stay full while there are images', async () => {
  const seeds = Array.from({ length: 20 }, (_, i) => i);
  const { batches, counts } = await taken(seeds.map((i) => i % classes), seeds, { candidates: 4, threshold: 0.3, batchSize: 5 }); // prettier-ignore
  expect(counts.drawn).toBeGreaterThan(20);
  const full = batches.filter((size) => size === 5).length;
  expect(full).toBeGreaterThanOrEqual(batches.length - 4); // the last images have at most four candidates each
});

test('the first candidate has the seed of the image: one candidate is plain sampling', async () => {
  const { images, counts } = await taken([1, 2, 0], [5, 6, 7], { candidates: 1, batchSize: 2 });
  expect(images.map(({ seed, candidate }) => [seed, candidate])).toEqual([[5, 0], [6, 0], [7, 0]]); // prettier-ignore
  expect(counts).toEqual({ images: 3, drawn: 3, reached: 0 });
  expect(new Set([0, 1, 2, 3].map((candidate) => candidateSeed(5, candidate))).size).toBe(4);
});

test('a signal ends it between two candidates', async () => {
  const { draw, batches } = drawing();
  const stop = new AbortController();
  const sampler = new RejectionSampler(draw, classifier, { candidates: 9, batchSize: 1 });
  stop.abort();
  for await (const image of sampler.sample([1], [5], stop.signal)) throw new Error(`an image came: ${image.index}`);
  expect(batches).toEqual([1]);
});

test('what cannot be done is told', async () => {
  const { draw } = drawing();
  const make = (options: Partial<RejectionOptions>) =>
    new RejectionSampler(draw, classifier, { candidates: 2, batchSize: 2, ...options });
  expect(() => make({ candidates: 0 })).toThrow(new UsageError('rejection sampling: candidates: expected a whole number from 1 on, got 0')); // prettier-ignore
  expect(() => make({ batchSize: 1.5 })).toThrow(/batchSize: expected a whole number from 1 on, got 1\.5/);
  expect(() => make({ threshold: 1.5 })).toThrow(/expected a probability above 0 and up to 1, got 1\.5/);
  await expect(make({}).sample([4], [1]).next()).rejects.toThrow(/the classifier knows the classes 0 to 3, got 4/);
  await expect(make({}).sample([1, 2], [1]).next()).rejects.toThrow(/got 2 labels and 1 seeds/);
});
