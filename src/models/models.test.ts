// The generator: published numbers, initial values, which token sees which, stochastic depth, and the schedule of scales.
import { afterAll, describe, expect, test } from 'vitest';
import { parameterGroups } from '../nn/index.js';
import { tokenCount } from '../tokenizers/index.js';
import { Generator, noGrad, randn, scope, type Tensor, tensor } from '../torch/index.js';
import { uniforms } from '../util/random.js';
import { drawScales, FlexVar, flexVarConfig, flexVarScales, initialiseGenerator, sineCosineMap } from './index.js';

const models: FlexVar[] = [];
afterAll(() => {
  for (const one of models) one.dispose();
});

function small(given: object = {}): FlexVar {
  const sizes = { depth: 2, width: 16, heads: 2, classes: 5, vocabularySize: 16, codeWidth: 4, pathDrop: 0 };
  const model = new FlexVar(flexVarConfig.parse({ ...sizes, ...given }));
  models.push(model);
  return model;
}

/** A small model whose tokens matter to each other. */
function lively(given: object = {}): FlexVar {
  const model = small(given);
  initialiseGenerator(model, new Generator(3), { gate: 1 });
  noGrad(() => model.head.weight_OI.mul_(50));
  return model;
}

const labels = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });

function expectClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expected.forEach((value, i) => {
    expect(Math.abs(found[i]! - value), `element ${i}: ${found[i]!} against ${value}`).toBeLessThan(tolerance);
  });
}

describe('published numbers', () => {
  test('a model of formula weights', () => {
    const model = small().eval();
    const byName = [...model.namedParameters()].sort(([a], [b]) => (a < b ? -1 : 1));
    noGrad(() => {
      byName.forEach(([, parameter], k) => {
        const values = Float32Array.from({ length: parameter.numel }, (_, i) => 0.25 * Math.sin(0.7 * i + 1.3 * k + 0.5)); // prettier-ignore
        scope(() => parameter.copy_(tensor(values, { shape: parameter.shape })));
      });
    });
    noGrad(() => {
      scope(() => {
        const inputs = tensor(Float32Array.from({ length: 52 }, (_, i) => Math.sin(0.4 * i)), { shape: [1, 13, 4] }); // prettier-ignore
        const logits = model.logits(labels(2), inputs, [1, 2, 3]);
        const row = (i: number) => logits.select(1, i).toArray();
        expectClose(row(0), [0.62527, 1.2289, 0.08611, -1.14987, -0.698, 0.60057], 2e-5);
        expectClose(row(1), [0.86298, 0.26886, -0.54138, -0.4446, 0.21584, 0.26632], 2e-5);
        expectClose(row(13), [0.86656, 0.26291, -0.54738, -0.44108, 0.22327, 0.26581], 2e-5);
        expect(logits.sum().item()).toBeCloseTo(7.04943, 3);
        expect(logits.square().sum().item()).toBeCloseTo(95.65906, 3);
      });
    });
  });
  test('the sine-cosine map', () => {
    scope(() => {
      const at = sineCosineMap(8, 32).select(3, 5).select(2, 3);
      expectClose(at.toArray(), [0.14112, 0.28366, 0.29552, 0.87758, 0.03, 0.99875, 0.003, 0.99999], 1e-5);
      const wide = sineCosineMap(1024, 32).toArray();
      const mean = wide.reduce((a, b) => a + b) / wide.length;
      const variance = wide.reduce((sum, x) => sum + (x - mean) ** 2, 0) / wide.length;
      expect(Math.sqrt(variance)).toBeCloseTo(0.569, 3);
    });
  });
  test('parameters that decay, by name', () => {
    const [decayed, rest] = parameterGroups(small({ depth: 1 }));
    expect([decayed.decay, rest.decay]).toEqual([true, false]);
    expect([...decayed.parameters.keys()].sort()).toEqual([
      'blocks.0.ada_lin.1.weight',
      'blocks.0.attn.mat_qkv.weight',
      'blocks.0.attn.proj.weight',
      'blocks.0.ffn.fc1.weight',
      'blocks.0.ffn.fc2.weight',
      'class_emb.weight',
      'head.weight',
      'head_nm.ada_lin.1.weight',
      'word_embed.weight',
    ]);
    expect([...rest.parameters.keys()]).toEqual(
      expect.arrayContaining(['pos_1LC', 'pos_start', 'blocks.0.attn.scale_mul_1H11', 'blocks.0.attn.q_bias']),
    );
  });
});

test('initial values have the published statistics', () => {
  const [width, depth, gate] = [96, 3, 1e-3];
  const model = small({ width, depth, heads: 3, vocabularySize: 300, classes: 200 });
  initialiseGenerator(model, new Generator(1), { gate });
  const deviation = Math.sqrt(1 / (3 * width));
  const state = model.stateDict();
  const spread = (one: Tensor) => scope(() => one.square().mean().sqrt().item());
  const expectSpread = (one: Tensor, expected: number) => {
    expect(Math.abs(spread(one) / expected - 1)).toBeLessThan(0.05);
  };
  noGrad(() => {
    scope(() => {
      for (const name of ['class_emb.weight', 'blocks.1.attn.mat_qkv.weight', 'blocks.1.ffn.fc1.weight'])
        expectSpread(state.get(name)!, deviation);
      expectSpread(state.get('head.weight')!, 0.02 * deviation);
      expectSpread(state.get('head_nm.ada_lin.1.weight')!, 0.5 * deviation);
      for (const name of ['blocks.2.attn.proj.weight', 'blocks.2.ffn.fc2.weight'])
        expectSpread(state.get(name)!, deviation / Math.sqrt(2 * depth));
      const adaLin = state.get('blocks.0.ada_lin.1.weight')!;
      expectSpread(adaLin.narrow(0, 0, 2 * width), gate * deviation);
      expectSpread(adaLin.narrow(0, 2 * width, 4 * width), 0.5 * deviation);
      expect(state.get('blocks.0.attn.scale_mul_1H11')!.toArray()).toEqual(Array(3).fill(Math.fround(Math.log(4))));
      for (const [name, one] of state) if (name.endsWith('bias')) expect(spread(one), name).toBe(0);
      expect(model.stateDict().get('pos_1LC')!.eq(sineCosineMap(width, 32)).all().item()).toBe(1);
    });
  });
});

describe('visibility', () => {
  // scales of few tokens and of many; the second list begins with more than one token
  test.each([[[1, 2, 3, 12, 4]], [[2, 3, 1, 11]]])('what a change of one input reaches, scales %j', (scales) => {
    const model = lively().eval();
    const first = scales[0]! ** 2;
    const length = tokenCount(scales);
    const scaleOf = scales.flatMap((side, i) => Array<number>(side * side).fill(i));
    for (const visibility of ['causal', 'own-scale'] as const) {
      noGrad(() => {
        scope(() => {
          const inputs = randn([1, length - first, 4], { generator: new Generator(5) });
          const logits = (given: Tensor) => model.logits(labels(1), given, scales, { visibility });
          const base = logits(inputs);
          for (let changed = first; changed < length; changed += 7) {
            const other = inputs.clone();
            other.select(1, changed - first).add_(1);
            const moved = base.ne(logits(other)).anyDim(-1).toArray();
            const expected = scaleOf.map((scale) =>
              Number(visibility === 'causal' ? scale >= scaleOf[changed]! : scale === scaleOf[changed]),
            );
            expect(moved, `${visibility}, token ${changed}`).toEqual(expected);
          }
        });
      });
    }
  });
  test('the start is seen by all, and sees no later scale', () => {
    const model = lively().eval();
    noGrad(() => {
      scope(() => {
        const scales = [1, 2, 3];
        const inputs = randn([1, 13, 4], { generator: new Generator(5) });
        for (const visibility of ['causal', 'own-scale'] as const) {
          const logits = () => model.logits(labels(1), inputs, scales, { visibility });
          const base = logits();
          model.posStart_11C.select(2, 0).add_(1); // one channel: the norm would take away a shift of all
          expect(base.ne(logits()).anyDim(-1).all().item()).toBe(1);
          model.posStart_11C.select(2, 0).sub_(1);
        }
        const whole = model.logits(labels(1), inputs, scales).narrow(1, 0, 5);
        const part = model.logits(labels(1), inputs.narrow(1, 0, 4), [1, 2]);
        expect(whole.sub(part).abs().amax().item()).toBeLessThan(1e-5);
      });
    });
  });
  test('the last scale after the bare class embedding does not use the learned start', () => {
    const model = lively();
    scope(() => {
      const logits = model.lastScaleLogits(labels(1), randn([1, 9, 4], { generator: new Generator(5) }), [1, 2, 3]);
      expect(logits.shape).toEqual([1, 9, 16]);
      logits.sum().backward();
      expect(model.posStart_11C.grad).toBeNull();
      expect(model.classEmb.weight_VD.grad).not.toBeNull();
      for (const one of model.parameters()) one.grad = null;
    });
  });
});

describe('stochastic depth', () => {
  const counts = (model: FlexVar, generator?: Generator): number[] =>
    noGrad(() =>
      scope(() => {
        const B = 400;
        const inputs = randn([1, 4, 4], { generator: new Generator(5) }).expand([B, 4, 4]);
        const logits = model.logits(labels(...Array<number>(B).fill(1)), inputs, [1, 2], { pathDrop: generator });
        const seen = new Map<number, number>();
        for (const value of logits.select(1, 4).sum([-1]).toArray()) {
          const key = Math.round(value * 1e3);
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        return [...seen.values()];
      }),
    );
  test('the last block drops each branch of whole samples at its rate; evaluation drops none', () => {
    const model = lively({ pathDrop: 0.5 });
    const found = counts(model.train(), new Generator(9));
    expect(found.length).toBe(4); // block 0 drops nothing; attention kept or not × feed-forward kept or not
    for (const count of found) expect(Math.abs(count / 400 - 0.25)).toBeLessThan(0.08);
    expect(counts(model)).toEqual([400]);
    expect(counts(model.eval(), new Generator(9))).toEqual([400]);
  });
  test('a rate near one leaves the residual stream, and kept branches grow to keep the mean', () => {
    const model = lively({ pathDrop: 0.75 }).train();
    noGrad(() => {
      scope(() => {
        const B = 4000;
        const all = labels(...Array<number>(B).fill(1));
        const block = model.blocks[1]!;
        expect([model.blocks[0]!.pathDropRate, block.pathDropRate]).toEqual([0, 0.75]);
        // the head is linear in what it is given but for its norm, so the mean is taken before it
        const stream: number[] = [];
        const record = model.headLogits.bind(model);
        model.headLogits = (x, condition) => {
          stream.push(x.mean([0]).select(0, 0).select(0, 0).item());
          return record(x, condition);
        };
        model.logits(all, undefined, [1], { pathDrop: new Generator(1) });
        model.logits(all, undefined, [1]);
        expect(stream.length).toBe(2);
        expect(Math.abs(stream[0]! - stream[1]!)).toBeLessThan(0.2 * Math.max(1, Math.abs(stream[1]!)));
      });
    });
  });
});

describe('scale schedule', () => {
  const draws = (count: number) => {
    const uniform = uniforms(4);
    return Array.from({ length: count }, () => drawScales(flexVarScales, uniform));
  };
  test('the published statistics', () => {
    const lists = draws(20_000);
    const share = (condition: (list: number[]) => boolean) => lists.filter(condition).length / lists.length;
    const lasts: [side: number, share: number][] = [[16, 0.666], [15, 0.137], [14, 0.103], [13, 0.065], [12, 0.028]]; // prettier-ignore
    for (const [side, expected] of lasts)
      expect(Math.abs(share((list) => list.at(-1) === side) - expected), `last ${side}`).toBeLessThan(0.012);
    const lengths: [length: number, share: number][] = [[10, 0.048], [9, 0.477], [8, 0.392], [7, 0.066], [6, 0.016]]; // prettier-ignore
    for (const [length, expected] of lengths)
      expect(Math.abs(share((list) => list.length === length) - expected), `length ${length}`).toBeLessThan(0.012);
    const tokens = lists.map(tokenCount);
    expect(Math.abs(tokens.reduce((a, b) => a + b) / tokens.length - 590.6)).toBeLessThan(3);
    expect(Math.max(...tokens)).toBe(680);
    expect(Math.min(...tokens)).toBeGreaterThanOrEqual(311);
  });
  test('every list begins with 1, 2, rises, and holds at most 680 tokens', () => {
    for (const list of draws(2000)) {
      expect(list.slice(0, 2)).toEqual([1, 2]);
      expect(list.every((side, i) => i === 0 || side > list[i - 1]!)).toBe(true);
      expect(list.at(-1)).toBeLessThanOrEqual(16);
      expect(tokenCount(list)).toBeLessThanOrEqual(680);
    }
  });
  test('a schedule of other sizes keeps its first scales, whatever the limit', () => {
    const schedule = {
      ...flexVarScales,
      defaults: [1, 2, 4],
      groups: [{ from: 3, to: 4, count: 1 }],
      first: [1],
      last: 5,
    };
    const uniform = uniforms(1);
    for (let i = 0; i < 200; i++) {
      const list = drawScales({ ...schedule, maxTokens: 12 }, uniform);
      expect(list[0]).toBe(1);
      expect(tokenCount(list)).toBeLessThanOrEqual(12);
    }
  });
});

test('sizes that cannot be are refused', () => {
  expect(() => small({ width: 18, heads: 4 })).toThrow('the width 18 must be divisible by the number of heads, 4');
  expect(() => small({ width: 9, heads: 3 })).toThrow('the width must be even, got 9');
  expect(() => flexVarConfig.parse({ depht: 3 })).toThrow();
  expect(flexVarConfig.parse({ depth: 20 })).toMatchObject({ width: 1280, heads: 20 });
  expect(flexVarConfig.parse({ depth: 20 }).pathDrop).toBeCloseTo(0.0833, 4);
});
