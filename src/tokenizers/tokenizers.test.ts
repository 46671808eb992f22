// The FlexVAR tokenizer: nearest codes, the pyramid, straight-through gradients, and what cannot be tokenised.
import { afterAll, describe, expect, test } from 'vitest';
import { initialiseTokenizer } from '../models/index.js';
import { Generator, noGrad, randn, scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { Codebook, cosine, FlexVarTokenizer, flexVarTokenizerConfig, tokenCount, usedShare } from './index.js';

const sizes = { channels: 8, multipliers: [1, 2, 2], resBlocks: 1, zChannels: 8, codeWidth: 3, vocabularySize: 20, normGroups: 4 }; // prettier-ignore
const tokenizer = new FlexVarTokenizer(flexVarTokenizerConfig.parse(sizes)).eval();
initialiseTokenizer(tokenizer, new Generator(1));
afterAll(() => {
  tokenizer.dispose();
});

/** Rows of the last dimension, as plain numbers. */
function rows(one: Tensor): number[][] {
  const [values, width] = [one.toArray(), one.size(-1)];
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
}
const unit = (row: number[]): number[] => row.map((x) => x / Math.hypot(...row));
const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('codebook', () => {
  const codebook = new Codebook(20, 3, cosine);
  noGrad(() => scope(() => codebook.embedding.weight_VD.copy_(randn([20, 3], { generator: new Generator(4) }).mul(7))));
  const latent = (): Tensor => randn([2, 3, 4, 4], { generator: new Generator(5) });
  const codes = (): number[][] => rows(codebook.embedding.weight_VD).map(unit);

  test('the nearest code by cosine, whatever the lengths', () => {
    scope(() => {
      const expected = rows(latent().permute([0, 2, 3, 1]).contiguous()).map((row) => {
        const cosines = codes().map((code) => dot(code, unit(row)));
        return cosines.indexOf(Math.max(...cosines));
      });
      const found = codebook.nearest(latent());
      expect(found.shape).toEqual([2, 16]);
      expect(found.toArray()).toEqual(expected);
    });
  });
  test('codes are looked up as unit vectors, row by row', () => {
    scope(() => {
      const indices = [3, 1, 4, 1];
      const map = codebook.lookUp(tensor([indices], { dtype: 'int64' }), 2);
      expect(map.shape).toEqual([1, 3, 2, 2]);
      rows(map.permute([0, 2, 3, 1]).contiguous()).forEach((row, i) => {
        row.forEach((x, channel) => {
          expect(x).toBeCloseTo(codes()[indices[i]!]![channel]!, 6);
        });
      });
    });
  });
  test('losses, and the gradient that goes straight through', () => {
    scope(() => {
      const given = latent();
      given.requiresGrad = true;
      const trained = tokenizer.quantiseToTrain(given, [4]);
      const { codebook } = tokenizer;
      const { codebookLoss, commitmentLoss } = trained;
      const { codes_BChw } = trained.decodable[0]!;
      const plain = codebook.lookUp(trained.indices[0]!, 4);
      expect(codes_BChw.sub(plain).abs().amax().item()).toBeLessThan(1e-6);
      expect(codebookLoss.item()).toBeCloseTo(commitmentLoss.item(), 6);
      codebookLoss.backward();
      expect([given.grad, codebook.embedding.weight_VD.grad === null]).toEqual([null, false]);
      codebook.embedding.weight_VD.grad = null;
      commitmentLoss.backward({ retainGraph: true });
      expect([given.grad === null, codebook.embedding.weight_VD.grad]).toEqual([false, null]);
      given.grad = null;
      const weights = randn([2, 3, 4, 4], { generator: new Generator(6) });
      codes_BChw.mul(weights).sum().backward({ retainGraph: true });
      const through = given.grad as Tensor | null;
      given.grad = null;
      given
        .div(given.linalgVectorNorm(2, [1], true))
        .mul(weights)
        .sum()
        .backward(); // of the unit latent alone
      expect(through!.sub(given.grad!).abs().amax().item()).toBeLessThan(1e-5);
      codebook.embedding.weight_VD.grad = null;
    });
  });
});

/** The picture of one scale's indices alone. */
const pictureOf = (indices_BN: Tensor, side: number): Tensor =>
  tokenizer.decodeCodes(tokenizer.codebook.lookUp(indices_BN, side));

describe('pyramid', () => {
  test.each([[[1, 2, 4]], [[2, 5, 3]], [[4]]])(
    'pushing scale by scale gives the inputs in one piece, scales %j',
    (scales) => {
      scope(() => {
        const random = new Generator(2);
        const indices = scales.map((side) =>
          randn([2, side * side], { generator: random })
            .mul(5)
            .abs()
            .to('int64')
            .clampMax(19),
        );
        noGrad(() => {
          const pyramid = tokenizer.pyramid(scales);
          expect(() => pyramid.image()).toThrow(/empty pyramid/);
          const pushed = indices.map((one, i) => {
            const next = pyramid.push(one);
            const difference = pyramid.image().sub(pictureOf(one, scales[i]!)); // decoded together, which rounds differently
            expect(difference.abs().amax().item()).toBeLessThan(1e-5);
            return next;
          });
          expect(pushed.at(-1)).toBeUndefined();
          expect(pushed.slice(0, -1).map((one) => one!.shape)).toEqual(
            scales.slice(1).map((side) => [2, side * side, 3]),
          );
          if (scales.length > 1) {
            const whole = tokenizer.inputs(indices, scales);
            expect(whole.shape).toEqual([2, tokenCount(scales) - scales[0]! ** 2, 3]);
            expect(whole.toArray()).toEqual(
              [0, 1].flatMap((b) => pushed.slice(0, -1).flatMap((one) => one!.select(0, b).toArray())),
            );
          }
        });
      });
    },
  );
});

test('images become indices of every scale and images again', () => {
  noGrad(() => {
    scope(() => {
      const latent = tokenizer.encode(randn([2, 3, 16, 16], { generator: new Generator(3) }));
      expect([tokenizer.stride, latent.shape]).toEqual([4, [2, 3, 4, 4]]);
      const indices = tokenizer.quantise(latent, [1, 3, 4]);
      expect(indices.map((one) => one.shape)).toEqual([[2, 1], [2, 9], [2, 16]]); // prettier-ignore
      expect(pictureOf(indices[1]!, 3).shape).toEqual([2, 3, 12, 12]);
    });
  });
});

describe('a pyramid of images', () => {
  const ofImages = new FlexVarTokenizer(flexVarTokenizerConfig.parse({ ...sizes, pyramid: 'image' })).eval();
  initialiseTokenizer(ofImages, new Generator(1)); // as `tokenizer`'s
  afterAll(() => {
    ofImages.dispose();
  });
  const images = () => randn([2, 3, 16, 16], { generator: new Generator(3) });

  test('a scale’s tokens are those of the image whose pixels are means of the pixels they cover', () => {
    noGrad(() => {
      scope(() => {
        const given = rows(images()); // [2 · 3 · 16][16]
        const reduced = (side: number) => {
          const factor = 16 / side;
          const mean = (plane: number, y: number, x: number) => {
            const lines = given.slice(plane * 16 + y * factor, plane * 16 + (y + 1) * factor);
            return (
              lines.flatMap((line) => line.slice(x * factor, (x + 1) * factor)).reduce((a, b) => a + b) / factor ** 2
            );
          };
          const pixels = Array.from({ length: 6 * side * side }, (_, i) =>
            mean(Math.floor(i / (side * side)), Math.floor(i / side) % side, i % side),
          );
          return tensor(pixels, { shape: [2, 3, side, side] });
        };
        const found = ofImages.tokens(images(), [1, 2, 4]);
        const expected = [1, 2, 4].map((side) => tokenizer.codebook.nearest(tokenizer.encode(reduced(4 * side))));
        expect(found.map((one) => one.toArray())).toEqual(expected.map((one) => one.toArray()));
        const ofLatents = tokenizer.tokens(images(), [1, 2, 4]);
        expect(ofLatents.map((one) => one.toArray())).toEqual(tokenizer.quantise(tokenizer.encode(images()), [1, 2, 4]).map((one) => one.toArray())); // prettier-ignore
        const same = found.map((one, i) => one.eq(ofLatents[i]!).all().item() === 1);
        expect(same).toEqual([false, false, true]);
      });
    });
  });
});

test('the share of codes in use', () => {
  scope(() => {
    const indices = [tensor([[0, 1, 1]], { dtype: 'int64' }), tensor([[7]], { dtype: 'int64' })];
    expect(usedShare(indices, 10)).toBeCloseTo(0.3, 12);
  });
});

test('initial values: uniform by fan-in, codes within 1/V, norms of one', () => {
  scope(() => {
    const largest = (one: Tensor) => one.abs().amax().item();
    const { weight_OIKK, bias_O } = tokenizer.encoder.levels[1]!.blocks[0]!.conv2;
    const bound = 1 / Math.sqrt(16 * 9);
    for (const one of [weight_OIKK, bias_O]) expect(largest(one)).toBeLessThanOrEqual(Math.fround(bound));
    expect(weight_OIKK.square().mean().sqrt().item() / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(largest(tokenizer.codebook.embedding.weight_VD)).toBeLessThanOrEqual(1 / 20);
    expect(tokenizer.encoder.normOut.weight_C.eq(1).all().item()).toBe(1);
  });
});

test('what does not fit is refused in one sentence', () => {
  noGrad(() => {
    scope(() => {
      const encode =
        (...shape: number[]) =>
        () =>
          tokenizer.encode(randn(shape));
      expect(encode(1, 3, 18, 16)).toThrow('sides divisible by 4, got [1, 3, 18, 16]');
      expect(encode(1, 1, 16, 16)).toThrow(/images of 3 channels/);
      expect(encode(3, 16, 16)).toThrow(UsageError);
      const latent = randn([1, 3, 4, 4]);
      expect(tokenizer.quantise(latent, [1, 2]).length).toBe(2); // any list of scales will do
    });
  });
  const make = (given: object) => () => new FlexVarTokenizer(flexVarTokenizerConfig.parse({ ...sizes, ...given }));
  expect(make({ normGroups: 3 })).toThrow(/8 channels cannot be divided into 3 groups/);
  expect(make({ chanels: 3 })).toThrow();
});
