// The VAR tokenizer against its definition in plain loops, and against published numbers: φ, residuals, the running sum, losses, gradients.
import { afterAll, describe, expect, test } from 'vitest';
import { fillByFormula, formulaVarTokenizer } from '../../test/models.js';
import { area, bicubic, mapOf, minus, phiTable, PlainVar, type PlainMap, rowsOf, tokensByImage } from '../../test/plainVar.js'; // prettier-ignore
import { initialiseTokenizer } from '../models/index.js';
import { Generator, gradients, liveTensors, noGrad, ops, randint, randn, scope, type Tensor } from '../torch/index.js'; // prettier-ignore
import { UsageError } from '../util/errors.js';
import {
  CodeUsage,
  phiOfScales,
  type Scales,
  sizeOf,
  tokenCount,
  tokensOf,
  VarTokenizer,
  varTokenizerConfig,
} from './index.js';

const sizes = { channels: 8, multipliers: [1, 2], resBlocks: 1, codeWidth: 4, vocabularySize: 16, normGroups: 4 };
const made: VarTokenizer[] = [];
afterAll(() => {
  for (const one of made) one.dispose();
});

/** A small tokenizer of random weights, its codes apart. */
function small(given: object = {}): VarTokenizer {
  const one = new VarTokenizer(varTokenizerConfig.parse({ ...sizes, ...given })).eval();
  initialiseTokenizer(one, new Generator(1));
  noGrad(() => one.codebook.embedding.weight_VD.mul_(one.vocabularySize));
  made.push(one);
  return one;
}
const tokenizer = small();

const plainOf = (scales: Scales, of = tokenizer): PlainVar => new PlainVar(of, scales.map(sizeOf));
const randomLatent = (scales: Scales, images = 2): Tensor =>
  randn([images, 4, ...sizeOf(scales.at(-1)!)], { generator: new Generator(5) });
const randomTokens = (scales: Scales, images = 2): Tensor[] =>
  scales.map((scale, i) => randint(0, 16, [images, tokensOf(scale)], { generator: new Generator(30 + i) }));
const plainImages = (map_BChw: Tensor): PlainMap[] =>
  Array.from({ length: map_BChw.size(0) }, (_, b) =>
    mapOf(map_BChw.select(0, b).toArray(), map_BChw.size(1), [map_BChw.size(2), map_BChw.size(3)]),
  );

function expectClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found.length).toBe(expected.length);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0);
  expect(worst).toBeLessThan(tolerance);
}

describe('φ', () => {
  test.each(Object.entries(phiTable))('%s scales', (scales, expected) => {
    expect(phiOfScales(Number(scales), 4)).toEqual(expected);
  });
  test('other numbers of φ', () => {
    expect(phiOfScales(5, 1)).toEqual([0, 0, 0, 0, 0]);
    expect(phiOfScales(4, 2)).toEqual([0, 0, 1, 1]); // ticks at 1/4 and 3/4
    expect(phiOfScales(6, 3)).toEqual([0, 0, 1, 1, 2, 2]); // 1/6, 1/2, 5/6
  });
});

test('the plain loops resize as published', () => {
  const ramp = mapOf(Array.from({ length: 16 }, (_, i) => i), 1, [4, 4]); // prettier-ignore
  expect(area(ramp, [3, 3]).flat(2)).toEqual([2.5, 3.5, 4.5, 6.5, 7.5, 8.5, 10.5, 11.5, 12.5]);
  expect(area(ramp, [5, 5])[0]![0]).toEqual([0, 0.5, 1.5, 2.5, 3]);
  const enlarged = bicubic(mapOf([0, 1, 2, 4], 1, [2, 2]), [4, 4]).flat(2);
  expectClose(enlarged, [-0.30528, -0.00827, 0.48093, 0.77794, 0.32376, 0.73102, 1.40179, 1.80905, 1.35983, 1.94867, 2.91852, 3.50735, 1.98888, 2.68796, 3.83939, 4.53847], 1e-5); // prettier-ignore
});

test('published numbers: a model of formula weights', () => {
  const one = formulaVarTokenizer();
  made.push(one);
  noGrad(() => {
    scope(() => {
      const latent = randomLatent([3], 1);
      fillByFormula(latent, (i) => Math.sin(0.4 * i));
      const indices = one.quantise(latent, [1, 2, 3]);
      expect(indices.map((tokens) => tokens.toArray())).toEqual([[9], [10, 10, 3, 3], [4, 9, 9, 9, 9, 4, 11, 11, 6]]);
      const sum = one.quantiseToTrain(latent, [1, 2, 3]).decodable[0]!.codes_BChw;
      expectClose(sum.select(1, 0).toArray(), [0.14508, 0.57524, 0.55774, 0.55211, 0.60311, 0.17047, 0.05347, 0.04977, -0.27735], 2e-5); // prettier-ignore
      const inputs = one.inputs(indices, [1, 2, 3]);
      expect(inputs.shape).toEqual([1, 13, 4]);
      expectClose(inputs.select(1, 0).toArray(), [0.37711, -0.24101, -0.53489, -0.31545], 2e-5);
      expectClose(inputs.select(1, 12).toArray(), [0.15935, 0.05833, 0.11529, -0.0278], 2e-5);
    });
  });
});

const lists: [Scales][] = [[[1, 2, 3, 4]], [[3]], [[1, [2, 3], [3, 2], [4, 5]]], [[[2, 1], 2, [5, 3]]], [[4, 1, 4]]];

describe.each(lists)('scales %j', (scales) => {
  const plain = () => plainOf(scales);
  test('residuals are quantised as defined; what was asked for is told', () => {
    noGrad(() => {
      scope(() => {
        const latent = randomLatent(scales);
        const indices = tokenizer.quantise(latent, scales);
        expect(indices.map((one) => one.shape)).toEqual(scales.map((scale) => [2, tokensOf(scale)]));
        const expected = plainImages(latent).map((map) => plain().quantise(map));
        expect(tokensByImage(indices)).toEqual(expected.map((one) => one.tokens));
        const asked = tokenizer.wanted(latent, indices, scales);
        expected.forEach((one, b) => {
          const rows = asked.flatMap((map) => rowsOf(plainImages(map)[b]!));
          expectClose(rows.flat(), one.rows.flat(), 1e-5);
        });
      });
    });
  });
  test('the pyramid, step by step, is the inputs in one piece and the sum of encoding', () => {
    noGrad(() => {
      scope(() => {
        const indices = randomTokens(scales);
        using pyramid = tokenizer.pyramid(scales);
        const pushed = indices.map((one) => pyramid.push(one));
        expect(pushed.at(-1)).toBeUndefined();
        if (scales.length > 1) {
          const whole = tokenizer.inputs(indices, scales);
          expect(whole.shape).toEqual([2, tokenCount(scales) - tokensOf(scales[0]!), 4]);
          expect(ops.cat(pushed.slice(0, -1) as Tensor[], 1).toArray()).toEqual(whole.toArray());
          tokensByImage(indices).forEach((tokens, b) => {
            expectClose(whole.select(0, b).toArray(), plain().inputs(tokens).flat(), 1e-5);
          });
        }
        const latent = randomLatent(scales);
        const { indices: chosen, decodable } = tokenizer.quantiseToTrain(latent, scales);
        using encoded = tokenizer.pyramid(scales);
        for (const one of chosen) encoded.push(one);
        const expected = tokenizer.decodeCodes(decodable[0]!.codes_BChw);
        expectClose(encoded.image().toArray(), expected.toArray(), 1e-5);
      });
    });
  });
});

test.each([
  ['256 pixels', [1, 2, 3, 4, 5, 6, 8, 10, 13, 16], 680],
  ['512 pixels', [1, 2, 3, 4, 6, 9, 13, 18, 24, 32], 2240],
] as const)(
  'the published scales of %s: the last one is asked for the latent less the sum of all others',
  (_, scales, tokens) => {
    expect(tokenCount(scales)).toBe(tokens);
    noGrad(() => {
      scope(() => {
        const latent = randomLatent(scales, 1);
        const indices = tokenizer.quantise(latent, scales);
        expect(tokenizer.inputs(indices, scales).shape).toEqual([1, tokens - 1, 4]);
        const asked = tokenizer.wanted(latent, indices, scales);
        const sums = plainOf(scales).sums(tokensByImage(indices)[0]!);
        const rest = minus(plainImages(latent)[0]!, sums.at(-2)!);
        expectClose(plainImages(asked.at(-1)!)[0]!.flat(2), rest.flat(2), 1e-4);
      });
    });
  },
);

describe('training', () => {
  const scales: Scales = [1, 2, 4];
  test('losses are the means of squared distances over all scales', () => {
    scope(() => {
      const latent = randomLatent(scales);
      const { indices, codebookLoss, commitmentLoss, rows_BPC } = noGrad(() =>
        tokenizer.quantiseToTrain(latent, scales),
      );
      const images = plainImages(latent);
      const found = images.map((map) => plainOf(scales).quantise(map));
      expect(tokensByImage(indices)).toEqual(found.map(({ tokens }) => tokens));
      const errors = images.flatMap((map, b) =>
        plainOf(scales)
          .sums(found[b]!.tokens)
          .flatMap((sum) => minus(map, sum).flat(2)),
      );
      const expected = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
      expect(codebookLoss.item()).toBeCloseTo(expected, 5);
      expect(commitmentLoss.item()).toBeCloseTo(expected, 5);
      const [own, asked] = [rows_BPC.toArray(), found.flatMap(({ rows }) => rows.flat())];
      expect(rows_BPC.shape).toEqual([2, 21, 4]);
      expectClose(own.sort((a, b) => a - b), asked.sort((a, b) => a - b), 1e-5); // prettier-ignore
    });
  });
  test('the codebook loss moves codes and φ alone, the other the latent alone', () => {
    scope(() => {
      const latent = randomLatent(scales);
      latent.requiresGrad = true;
      const { codebookLoss, commitmentLoss, rows_BPC } = tokenizer.quantiseToTrain(latent, scales);
      expect(rows_BPC.requiresGrad).toBe(false);
      const names = ['latent', ...tokenizer.stateDict().keys()];
      const reached = (loss: Tensor) => {
        const found = gradients([loss], [latent, ...tokenizer.parameters()], { allowUnused: true, retainGraph: true });
        return names.filter((_, i) => found[i]?.abs().amax().item());
      };
      expect(reached(commitmentLoss)).toEqual(['latent']);
      const phis = [0, 2, 3].flatMap((q) => ['weight', 'bias'].map((part) => `quantize.quant_resi.qresi_ls.${q}.${part}`)); // prettier-ignore
      expect(reached(codebookLoss)).toEqual(['quantize.embedding.weight', ...phis]);
    });
  });
  test('the gradients of codes and φ are the slopes of the loss; the latent’s is 2 (z − sum) by hand', () => {
    scope(() => {
      const latent = randomLatent(scales);
      latent.requiresGrad = true;
      const { codebookLoss, commitmentLoss, indices } = tokenizer.quantiseToTrain(latent, scales);
      const moved = [tokenizer.codebook.embedding.weight_VD, tokenizer.phis[2]!.weight_OIKK];
      const found = gradients([codebookLoss], moved);
      const tokens = tokensByImage(indices);
      const images = plainImages(latent);
      /** The loss of these very tokens, in float64. */
      const plainLoss = () => {
        const plain = plainOf(scales);
        const errors = tokens.flatMap((one, b) => plain.sums(one).flatMap((sum) => minus(images[b]!, sum).flat(2)));
        return errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
      };
      moved.forEach((parameter, i) => {
        const slope = found[i]!;
        const norm = slope.linalgVectorNorm().item();
        const along = (step: number) =>
          noGrad(() => {
            parameter.add_(slope, { alpha: step / norm });
            const loss = plainLoss();
            parameter.sub_(slope, { alpha: step / norm });
            return loss;
          });
        expect((along(0.02) - along(-0.02)) / 0.04 / norm).toBeCloseTo(1, 3);
      });
      const [ofLatent] = gradients([commitmentLoss], [latent]);
      const expected = images.flatMap((map, b) => {
        const each = plainOf(scales).sums(tokens[b]!).map((sum) => minus(map, sum).flat(2)); // prettier-ignore
        return each[0]!.map((_, k) => each.reduce((sum, errors) => sum + errors[k]!, 0) * (2 / (3 * latent.numel)));
      });
      expectClose(ofLatent!.toArray(), expected, 1e-6);
    });
  });
  test('the sum decodes, and its gradient goes straight through to the latent', () => {
    scope(() => {
      const latent = randomLatent(scales);
      latent.requiresGrad = true;
      const { decodable, indices } = tokenizer.quantiseToTrain(latent, scales);
      expect(decodable.map(({ scale }) => scale)).toEqual([4]);
      const { codes_BChw } = decodable[0]!;
      plainImages(codes_BChw).forEach((map, b) => {
        expectClose(map.flat(2), plainOf(scales).sums(tokensByImage(indices)[b]!).at(-1)!.flat(2), 1e-5);
      });
      const weights = randn(latent.shape, { generator: new Generator(6) });
      const [through] = gradients([codes_BChw.mul(weights).sum()], [latent]);
      expect(through!.toArray()).toEqual(weights.toArray());
    });
  });
  test('dead codes move onto rows that the residuals asked about', () => {
    const one = small();
    scope(() => {
      const { indices, rows_BPC } = noGrad(() => one.quantiseToTrain(randomLatent(scales, 1), scales));
      const usage = new CodeUsage(16);
      const used = new Set(indices.flatMap((tokens) => tokens.toArray()));
      const before = plainOf(scales, one).codes;
      expect(usage.revive(one.codebook, indices, rows_BPC, 10, 5, new Generator(3))).toBe(16 - used.size);
      expect(used.size).toBeLessThan(16);
      const values = rows_BPC.toArray();
      const asked = Array.from({ length: rows_BPC.numel / 4 }, (_, i) => String(values.slice(4 * i, 4 * i + 4)));
      plainOf(scales, one).codes.forEach((code, v) => {
        if (used.has(v)) expect(code).toEqual(before[v]);
        else expect(asked).toContain(String(code));
      });
      usage.lastUsed_V.dispose();
    });
  });
});

test('scales that do not end at the latent are refused', () => {
  noGrad(() => {
    scope(() => {
      const latent = randomLatent([4]);
      for (const scales of [[1, 2, 3], [1, [4, 3]], []] as Scales[])
        for (const quantise of [
          () => tokenizer.quantise(latent, scales),
          () => tokenizer.quantiseToTrain(latent, scales),
        ]) {
          expect(quantise).toThrow(UsageError);
          expect(quantise).toThrow("scales: residuals must end at the latent's size 4x4, got ");
        }
      expect(() => tokenizer.encode(randn([1, 3, 9, 8]))).toThrow('sides divisible by 2');
    });
  });
});

test('a pyramid holds one sum at a time, and none when it is disposed of', () => {
  noGrad(() => {
    scope(() => {
      const scales = [1, 2, 4];
      const indices = randomTokens(scales);
      const before = liveTensors();
      using pyramid = tokenizer.pyramid(scales);
      for (const one of indices) {
        scope(() => void pyramid.push(one));
        expect(liveTensors()).toBe(before + 1);
      }
      pyramid.dispose();
      expect(liveTensors()).toBe(before);
      expect(() => pyramid.image()).toThrow(/empty pyramid/);
      scope(() => void tokenizer.inputs(indices, scales));
      expect(liveTensors()).toBe(before);
    });
  });
});
