// A pyramid of images in training: gradients from every scale, the same targets wherever they come from, and a file that says what it is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type ImageSet, openLoader } from '../data/index.js';
import { initialiseTokenizer } from '../models/index.js';
import { FlexVarTokenizer, flexVarTokenizerConfig, type Scales, tokenCount } from '../tokenizers/index.js';
import { Generator, ops, randn, scope, setThreads } from '../torch/index.js';
import { seedFor } from '../util/random.js';
import { encodeTokens } from './encodeTokens.js';
import { encodingFingerprint } from './encoding.js';
import { loadTokenizer, saveTokenizer } from './modelFiles.js';
import { openInOrder } from './readings.js';
import { type TargetSource, targetsOfPixels } from './targets.js';
import { targetsOfLatents } from './targetsOfLatents.js';
import { targetsOfTokens } from './targetsOfTokens.js';
import { tokenizerLosses } from './tokenizerLoss.js';

setThreads(1);

const [side, count, seed] = [16, 11, 5];
const encoding = { device: 'cpu', precision: 'float32' } as const;
const scales = [1, 2, 3, 4];
const set: ImageSet = {
  ...{ name: 'noise', split: 'train', height: side, width: side, channels: 3, classes: ['a', 'b'] },
  labels: Uint16Array.from({ length: count }, (_, i) => i % 2),
  pixels: Uint8Array.from({ length: count * 3 * side * side }, (_, i) => seedFor('pixel', i) % 256),
};

function make(pyramid?: 'image'): FlexVarTokenizer {
  const sizes = { channels: 8, multipliers: [1, 2, 2], resBlocks: 1, zChannels: 8, codeWidth: 4, vocabularySize: 64, normGroups: 4 }; // prettier-ignore
  const made = new FlexVarTokenizer(flexVarTokenizerConfig.parse({ ...sizes, ...(pyramid && { pyramid }) }));
  initialiseTokenizer(made, new Generator(1));
  return made.eval();
}
const tokenizer = make('image');
const folder = mkdtempSync(join(tmpdir(), 'scalewise-pyramid-'));
afterAll(() => {
  tokenizer.dispose();
  rmSync(folder, { recursive: true });
});

const weights = { l1: 1, l2: 1, codebook: 1, commitment: 0.25, perceptual: 0, adversarial: 0 };

test('the gradient of every scale reaches the encoder, through its own latent', () => {
  const image_B3HW = randn([2, 3, side, side], { generator: new Generator(2) });
  const gradientOf = (list: Scales, decoded: Scales): number[] => {
    for (const one of tokenizer.parameters()) one.grad = null;
    const commitment = decoded.length < list.length ? 0 : 0.25; // which every scale has, decoded or not
    scope(() => {
      const losses = tokenizerLosses(tokenizer, image_B3HW, { scales: list, decoded, weights: { ...weights, commitment } }); // prettier-ignore
      expect(losses.indices.map(({ shape }) => shape)).toEqual(list.map((scale) => [2, tokenCount([scale])]));
      expect(losses.rows_BPC.shape).toEqual([2, tokenCount(list), 4]);
      losses.loss.backward();
    });
    return tokenizer.encoder.convIn.weight_OIKK.grad!.toArray();
  };
  const largest = (values: number[]) => Math.max(...values.map(Math.abs));
  for (const scale of scales) expect(largest(gradientOf([scale], [scale]))).toBeGreaterThan(1e-7);
  const alone = scales.map((scale) => gradientOf([scale], [scale]));
  const together = gradientOf(scales, scales); // the mean over scales of what each would give by itself
  const mean = together.map((_, i) => alone.reduce((sum, one) => sum + one[i]!, 0) / scales.length);
  expect(largest(together.map((value, i) => value - mean[i]!))).toBeLessThan(1e-3 * largest(together));
  expect(largest(gradientOf(scales, [1, 4]))).toBeGreaterThan(1e-7);
  for (const one of tokenizer.parameters()) one.grad = null;
  image_B3HW.dispose();
});

/** Every index of some images, flat. */
async function allOf(source: TargetSource, list: Scales): Promise<number[][]> {
  const found: number[][] = [];
  for (const span of [
    { first: 0, size: 3 },
    { first: 3, size: 3 * count },
  ]) {
    const { targets, labels_B } = await source.next(span, list);
    expect(targets.map(({ dtype, shape }) => [dtype, ...shape])).toEqual(list.map((scale) => ['int64', span.size, tokenCount([scale])])); // prettier-ignore
    found.push(labels_B.toArray(), ...targets.map((one) => one.toArray()));
    for (const one of [...targets, labels_B]) one.dispose();
  }
  await source.close();
  return found;
}

test('targets: the same to the bit from pixels, from memory and from stored tokens', async () => {
  const pixels = () => targetsOfPixels(tokenizer, openLoader(set, { side, seed, flip: true, crop: false }), encoding);
  const inMemory = () => {
    const options = { seed, readings: { flip: true }, encoding, sides: scales };
    return targetsOfLatents(tokenizer, openInOrder(set, { side, crops: undefined }), options);
  };
  const store = join(folder, 'tokens');
  const loader = openInOrder(set, { side, crops: undefined });
  const choice = { data: 'noise', imageSize: side, lists: [scales], flip: true };
  await encodeTokens(tokenizer, loader, store, choice, { ...encoding, batchSize: 4, say: () => undefined });
  await loader.close();
  const wanted = { seed, flip: true, crop: false, imageSize: side, lists: [scales], device: 'cpu' };
  for (const list of [scales, [2, 4]]) {
    const expected = await allOf(pixels(), list);
    expect(await allOf(await inMemory(), list)).toEqual(expected);
    expect(await allOf(targetsOfTokens(store, tokenizer, wanted), list)).toEqual(expected);
  }
  const ofLatents = make(); // of the same weights: coarse tokens would mean something else
  expect(encodingFingerprint(ofLatents)).not.toBe(encodingFingerprint(tokenizer));
  expect(() => targetsOfTokens(store, ofLatents, wanted)).toThrow(/tokenizer/);
  ofLatents.dispose();
});

test('a file keeps the choice, and one that says nothing is of latents', () => {
  for (const one of [tokenizer, make()]) {
    const path = join(folder, 'tokenizer.safetensors');
    saveTokenizer(path, one);
    const read = loadTokenizer(path);
    expect(read.config).toEqual(one.config);
    expect(read.latentPerScale).toBe(one === tokenizer);
    scope(() => {
      const image_B3HW = randn([1, 3, side, side], { generator: new Generator(2) });
      const [found, expected] = [read, one].map((each) => ops.cat(each.tokens(image_B3HW, scales), 1).toArray());
      expect(found).toEqual(expected);
    });
    read.dispose();
    if (one !== tokenizer) one.dispose();
  }
});
