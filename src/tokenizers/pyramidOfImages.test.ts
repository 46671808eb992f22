// A pyramid of images: each scale is what the encoder makes of the image at that size; a latent's pyramid is as it was.
import { afterAll, describe, expect, test } from 'vitest';
import { initialiseTokenizer } from '../models/index.js';
import { areaResize } from '../nn/index.js';
import { Generator, noGrad, randn, scope, type Tensor } from '../torch/index.js';
import {
  FlexVarTokenizer,
  flexVarTokenizerConfig,
  picturesOf,
  type Scales,
  sizeOf,
  varTokenizerConfig,
} from './index.js';

const sizes = { channels: 8, resBlocks: 1, zChannels: 8, codeWidth: 4, vocabularySize: 64, normGroups: 4 };

function make(multipliers: number[], pyramid?: 'latent' | 'image'): FlexVarTokenizer {
  const made = new FlexVarTokenizer(
    flexVarTokenizerConfig.parse({ ...sizes, multipliers, ...(pyramid && { pyramid }) }),
  );
  initialiseTokenizer(made, new Generator(1));
  return made.eval();
}

describe.each([
  [4, [1, 2, 2], [1, 2, 3, 4]],
  [16, [1, 1, 1, 2, 2], [1, 2, 3]],
  [4, [1, 2, 2], [1, [2, 1], [4, 3]]],
] as [number, number[], Scales][])('stride %i', (stride, multipliers, scales) => {
  const [ofImages, ofLatents] = [make(multipliers, 'image'), make(multipliers)];
  afterAll(() => {
    ofImages.dispose();
    ofLatents.dispose();
  });
  const sidesOf = (scale: Scales[number]) => sizeOf(scale).map((side) => side * stride) as [number, number];
  const images = (): Tensor => randn([2, 3, ...sidesOf(scales.at(-1)!)], { generator: new Generator(3) });

  test('a scale has the indices of the resized image as a last scale', () => {
    noGrad(() => {
      scope(() => {
        const found = ofImages.tokens(images(), scales);
        scales.forEach((scale, i) => {
          const small_B3hw = areaResize(images(), sidesOf(scale));
          expect(found[i]!.toArray()).toEqual(ofLatents.quantise(ofLatents.encode(small_B3hw), [scale])[0]!.toArray());
        });
        const pictures = picturesOf(ofImages, found, scales);
        expect(pictures.map(({ shape }) => shape.slice(2))).toEqual(scales.map(sidesOf));
      });
    });
  });

  test('the last scale is that of the latent’s pyramid, the coarser ones are not', () => {
    noGrad(() => {
      scope(() => {
        const texts = [ofImages, ofLatents].map((one) =>
          one.tokens(images(), scales).map((indices_BN) => indices_BN.toArray().join()),
        );
        expect(texts[0]!.at(-1)).toBe(texts[1]!.at(-1));
        expect(texts[0]!.slice(0, -1).join('|')).not.toBe(texts[1]!.slice(0, -1).join('|'));
      });
    });
  });
});

test('a latent’s pyramid, where nothing is said: one view, the indices of one latent', () => {
  const [tokenizer, told] = [make([1, 2, 2]), make([1, 2, 2], 'latent')];
  expect(tokenizer.config).not.toHaveProperty('pyramid');
  expect([tokenizer.latentPerScale, told.latentPerScale]).toEqual([false, false]);
  noGrad(() => {
    scope(() => {
      const image_B3HW = randn([2, 3, 16, 16], { generator: new Generator(3) });
      expect(tokenizer.views(image_B3HW, [1, 2, 4])).toEqual([{ image_B3HW, scales: [1, 2, 4] }]);
      const expected = tokenizer.quantise(tokenizer.encode(image_B3HW), [1, 2, 4]).map((one) => one.toArray());
      for (const one of [tokenizer, told])
        expect(one.tokens(image_B3HW, [1, 2, 4]).map((indices_BN) => indices_BN.toArray())).toEqual(expected);
    });
  });
  tokenizer.dispose();
  told.dispose();
});

test('only FlexVAR has the choice, and only between two', () => {
  expect(flexVarTokenizerConfig.safeParse({ pyramid: 'pixels' }).success).toBe(false);
  expect(varTokenizerConfig.safeParse({ pyramid: 'image' }).success).toBe(false);
});
