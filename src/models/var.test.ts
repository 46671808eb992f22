// The VAR generator: published numbers, its fixed scales, and the shared AdaLN of the published d36, against a second, plain generator.
import { afterAll, describe, expect, test } from 'vitest';
import { fillByFormula, formulaVarTokenizer } from '../../test/models.js';
import { PlainGenerator, wideParameters } from '../../test/plainGenerator.js';
import { parameterGroups } from '../nn/index.js';
import { type Scales, tokenCount } from '../tokenizers/index.js';
import { Generator, noGrad, randn, scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { initialiseGenerator, Var, varConfig, varScales } from './index.js';

const made: Var[] = [];
afterAll(() => {
  for (const one of made) one.dispose();
});

function small(given: object = {}): Var {
  const sizes = { depth: 2, width: 16, heads: 2, classes: 5, vocabularySize: 16, codeWidth: 4, scales: [1, 2, 3] };
  const model = new Var(varConfig.parse({ ...sizes, ...given })).eval();
  made.push(model);
  return model;
}

/** A small model whose tokens matter to each other. */
function lively(given: object = {}): Var {
  const model = small(given);
  initialiseGenerator(model, new Generator(3), { gate: 1 });
  noGrad(() => model.head.weight_OI.mul_(50));
  return model;
}
const labels = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });
const inputs = (length: number): Tensor => randn([2, length, 4], { generator: new Generator(5) });

function expectClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expected.forEach((value, i) => {
    expect(Math.abs(found[i]! - value), `element ${i}: ${found[i]!} against ${value}`).toBeLessThan(tolerance);
  });
}

test('published numbers: a model of formula weights, fed with the running sums of formula codes', () => {
  const model = small();
  const byName = [...model.namedParameters()].sort(([a], [b]) => (a < b ? -1 : 1));
  noGrad(() => {
    scope(() => {
      byName.forEach(([, parameter], k) => {
        fillByFormula(parameter, (i) => 0.25 * Math.sin(0.7 * i + 1.3 * k + 0.5));
      });
      const tokenizer = formulaVarTokenizer();
      const tokens = [[9], [10, 10, 3, 3], [4, 9, 9, 9, 9, 4, 11, 11, 6]];
      const fed = tokenizer.inputs(tokens.map((one) => tensor([one], { dtype: 'int64' })), [1, 2, 3]); // prettier-ignore
      tokenizer.dispose();
      const logits = model.logits(labels(2), fed, [1, 2, 3]);
      const row = (i: number) => logits.select(1, i).toArray();
      expectClose(row(0), [1.69957, 1.53104, -0.86552, -1.83839, -0.02591, 1.56195], 5e-5);
      expectClose(row(1), [-1.55972, -0.07879, 1.74016, 0.82938, -1.54845, -1.72398], 5e-5);
      expectClose(row(13), [1.85957, -2.29668, -2.57961, 1.2934, 2.95971, -0.35764], 5e-5);
      expect(logits.sum().item()).toBeCloseTo(-29.29448, 3);
      expect(logits.square().sum().item()).toBeCloseTo(569.43272, 2);
    });
  });
});

describe.each([false, true])('against the plain generator, shared AdaLN %s', (sharedAdaLn) => {
  test.each([[[1, 2, 3]], [[2, 3]], [[1, 2, 12]]])('logits of scales %j', (scales) => {
    noGrad(() => {
      scope(() => {
        const model = lively({ sharedAdaLn, scales });
        const plain = new PlainGenerator(scales.map((side) => side * side), model.config.heads); // prettier-ignore
        const p = wideParameters(model);
        const fed = inputs(tokenCount(scales) - scales[0]! ** 2);
        for (const visibility of ['causal', 'own-scale'] as const) {
          const found = model.logits(labels(1, 5), fed, scales, { visibility });
          const expected = plain.logits(p, labels(1, 5), fed.to('float64'), visibility);
          expect(found.shape).toEqual([2, tokenCount(scales), 16]);
          expectClose(found.toArray(), expected.toArray(), 1e-4);
        }
        const last = fed.narrow(1, fed.size(1) - scales.at(-1)! ** 2, scales.at(-1)! ** 2);
        const found = model.lastScaleLogits(labels(1, 5), last, scales);
        expectClose(found.toArray(), plain.lastScaleLogits(p, labels(1, 5), last.to('float64')).toArray(), 1e-4);
      });
    });
  });
});

describe('levels and positions', () => {
  test('a token has its own position, and its scale’s level', () => {
    noGrad(() => {
      scope(() => {
        const model = lively();
        const at = (name: string) => model.stateDict().get(name)!;
        expect([at('pos_1LC').shape, at('lvl_embed.weight').shape]).toEqual([[1, 14, 16], [3, 16]]); // prettier-ignore
        const found = model.positionTerm.of([1, 2, 3], [2, 0]).toArray();
        const level = (i: number) => at('lvl_embed.weight').select(0, i).toArray();
        const positions = at('pos_1LC').toArray();
        const expected = [5, 6, 7, 8, 9, 10, 11, 12, 13, 0].flatMap((token) =>
          level(token === 0 ? 0 : 2).map((x, c) => Math.fround(x + positions[16 * token + c]!)),
        );
        expect(found).toEqual(expected);
      });
    });
  });
  test('scales may be written as pairs; others are refused in a sentence', () => {
    noGrad(() => {
      scope(() => {
        const model = lively();
        const logits = (scales: Scales, length: number) => model.logits(labels(0, 1), inputs(length), scales);
        expect(logits([1, [2, 2], 3], 13).toArray()).toEqual(logits([1, 2, 3], 13).toArray());
        for (const [scales, length, text] of [
          [[1, 2], 4, '1,2'],
          [[1, 2, 4], 20, '1,2,4'],
          [[1, 2, [3, 4]], 16, '1,2,3x4'],
        ] as [Scales, number, string][]) {
          // prettier-ignore
          const expected = `scales: this VAR generator knows the scales 1,2,3 and no others, got ${text}; a FlexVAR generator takes any`;
          expect(() => logits(scales, length)).toThrow(new UsageError(expected));
        }
      });
    });
  });
  test('the published lists have the tokens that they are told by', () => {
    for (const [tokens, scales] of Object.entries(varScales)) expect(tokenCount(scales)).toBe(Number(tokens));
    expect(varConfig.parse({})).toMatchObject({ depth: 16, width: 1024, heads: 16, scales: varScales[680], sharedAdaLn: false }); // prettier-ignore
  });
});

describe('initial values', () => {
  const [width, depth, gate] = [96, 3, 1e-3];
  const deviation = Math.sqrt(1 / (3 * width));
  const spread = (one: Tensor) => scope(() => one.square().mean().sqrt().item());
  const expectSpread = (one: Tensor, expected: number) => {
    expect(Math.abs(spread(one) / expected - 1)).toBeLessThan(0.1);
  };
  test('positions and levels are normal; neither decays', () => {
    const model = small({ width, depth, heads: 3, scales: [1, 2, 3, 4, 5, 6] });
    initialiseGenerator(model, new Generator(1), { gate });
    noGrad(() => {
      scope(() => {
        expectSpread(model.stateDict().get('pos_1LC')!, deviation);
        expectSpread(model.stateDict().get('lvl_embed.weight')!, deviation);
      });
    });
    const [decayed, rest] = parameterGroups(model);
    expect([...rest.parameters.keys()]).toEqual(expect.arrayContaining(['pos_1LC', 'lvl_embed.weight']));
    expect(decayed.parameters.has('blocks.0.ada_lin.1.weight')).toBe(true);
  });
  test('shared AdaLN: names, and a block’s own part of variance 1/C with gates nearly closed', () => {
    const model = small({ width, depth, heads: 3, sharedAdaLn: true });
    initialiseGenerator(model, new Generator(1), { gate });
    const names = [...model.stateDict().keys()].filter((name) => name.includes('ada'));
    expect(names).toEqual(['shared_ada_lin.1.weight', 'shared_ada_lin.1.bias', 'blocks.0.ada_gss', 'blocks.1.ada_gss', 'blocks.2.ada_gss', 'head_nm.ada_lin.1.weight', 'head_nm.ada_lin.1.bias']); // prettier-ignore
    noGrad(() => {
      scope(() => {
        const state = model.stateDict();
        expectSpread(state.get('shared_ada_lin.1.weight')!, deviation);
        expect(spread(state.get('shared_ada_lin.1.bias')!)).toBe(0);
        const own = state.get('blocks.1.ada_gss')!;
        expect(own.shape).toEqual([1, 1, 6, width]);
        expectSpread(own.narrow(2, 0, 2), gate * Math.sqrt(1 / width));
        expectSpread(own.narrow(2, 2, 4), 0.5 * Math.sqrt(1 / width));
      });
    });
    const [decayed, rest] = parameterGroups(model);
    expect(rest.parameters.has('blocks.0.ada_gss')).toBe(true);
    expect(decayed.parameters.has('shared_ada_lin.1.weight')).toBe(true);
  });
});
