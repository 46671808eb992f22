// Recomputing blocks in backward changes no gradient: both families, stochastic depth, a shared map of the condition, SAR's two passes, autocast.
import { afterAll, describe, expect, test, vi } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../test/models.js';
import { forcings, sarSettings } from '../sar/index.js';
import { autocast, Generator, liveTensors, noGrad, randint, scope, Tape, type Tensor, tensor } from '../torch/index.js';
import { Var, varConfig } from './index.js';

const scales = [1, 2, 3];
const sizes = { vocabularySize: 30, width: 24, heads: 2, classes: 5, pathDrop: 0.5 };
const flexVar = tinyFlexVar(sizes);
const plainVar = tinyVar({ ...sizes, scales });
const sharing = new Var(varConfig.parse({ ...sizes, codeWidth: 4, depth: 3, scales, sharedAdaLn: true })).requireGrad(true); // prettier-ignore
scope(() => {
  const random = new Generator(3);
  noGrad(() => { for (const one of sharing.parameters()) one.normal_(0, 0.2, { generator: random }); }); // prettier-ignore
});
const pairs = {
  flexvar: flexVar,
  var: plainVar,
  'var with a shared map': { generator: sharing, tokenizer: plainVar.tokenizer },
};

afterAll(() => {
  for (const { generator, tokenizer } of [flexVar, plainVar]) for (const one of [generator, tokenizer]) one.dispose();
  sharing.dispose();
});

const targetsOf = () => scales.map((side) => randint(0, 30, [2, side * side], { generator: new Generator(side) }));

/** The loss of a forcing strategy's pass over one batch; drops are drawn anew from one seed. */
function forward(name: keyof typeof pairs, settings: object): Tensor {
  const { generator, tokenizer } = pairs[name];
  generator.train();
  const parsed = sarSettings.parse({ tokens: { choice: 'sample', topK: 9, topP: 0.9, guidance: 2 }, ...settings });
  return forcings[parsed.forcing]({
    generator, tokenizer, scales, labels_B: tensor([1, 4], { dtype: 'int64' }), targets: targetsOf(), step: 0,
    random: new Generator(8), labelDrop: 0.3, settings: parsed,
  }).loss; // prettier-ignore
}

/** The loss, and every parameter's gradient by name, which are taken away again. */
function gradientsOf(name: keyof typeof pairs, make: () => Tensor, recomputed: boolean) {
  const { generator } = pairs[name];
  return scope(() => {
    using tape = new Tape();
    const loss = scope(() => (recomputed ? tape.record(make) : make()));
    tape.backward(loss);
    const found = Array.from(generator.namedParameters(), ([name, one]): [string, number[] | undefined] => {
      const gradient = one.grad?.toArray();
      one.grad = null;
      return [name, gradient];
    });
    return { loss: loss.item(), gradients: Object.fromEntries(found) };
  });
}

type Gradients = Record<string, number[] | undefined>;

/** The largest difference between two lists as a share of the largest element. */
function difference(a: readonly number[] = [], b: readonly number[] = []): number {
  expect(a.length).toBe(b.length);
  const largest = (list: readonly number[]) => list.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  return largest(a.map((one, i) => one - b[i]!)) / Math.max(largest(a), 1e-12);
}

/** Used more than twice in a step, so that their gradients may be summed in another order. */
const manyUses = ['class_emb.weight', 'pos_1LC', 'pos_start'];

/** The same, bit for bit but for the order of sums. */
function expectAlike(found: Gradients, expected: Gradients): void {
  for (const [parameter, gradient] of Object.entries(expected)) {
    const most = manyUses.includes(parameter) ? 1e-6 : 0;
    expect(difference(gradient, found[parameter]), parameter).toBeLessThanOrEqual(most);
  }
}

describe('recomputed blocks', () => {
  test.each<[name: keyof typeof pairs, settings: { forcing: string; studentContext?: string }]>([
    ['flexvar', { forcing: 'teacher' }],
    ['var', { forcing: 'teacher' }],
    ['var with a shared map', { forcing: 'teacher' }],
    ['flexvar', { forcing: 'sar', studentContext: 'causal' }],
    ['flexvar', { forcing: 'sar', studentContext: 'last-scale' }],
    ['var', { forcing: 'sar', studentContext: 'own-scale' }],
    ['flexvar', { forcing: 'student' }],
  ])('%s, %j: the gradients of plain backward, and nothing left behind', (name, settings) => {
    const make = () => forward(name, settings);
    const plain = gradientsOf(name, make, false);
    const before = liveTensors();
    const again = gradientsOf(name, make, true);
    expect(liveTensors()).toBe(before);
    expect(again.loss).toBe(plain.loss);
    expect(plain.gradients['class_emb.weight']!.some((one) => one !== 0)).toBe(true);
    expectAlike(again.gradients, plain.gradients);
  });
  test('under autocast the segments run again in its precision', () => {
    const make = () => autocast({ dtype: 'bfloat16' }, () => forward('flexvar', { forcing: 'teacher' }));
    const [plain, again] = [gradientsOf('flexvar', make, false), gradientsOf('flexvar', make, true)];
    expect(again.loss).toBe(plain.loss);
    expectAlike(again.gradients, plain.gradients);
    expect(again.loss).not.toBe(gradientsOf('flexvar', () => forward('flexvar', { forcing: 'teacher' }), true).loss);
  });
  test('a pass without gradients, and one outside of the tape, make no segments', () => {
    using tape = new Tape();
    const run = vi.spyOn(tape, 'run');
    scope(() => {
      noGrad(() => tape.record(() => forward('flexvar', { forcing: 'teacher' })));
      forward('flexvar', { forcing: 'teacher' });
    });
    expect(run).not.toHaveBeenCalled();
  });
  test('what no backward went through is freed with the tape', () => {
    const before = liveTensors();
    {
      using tape = new Tape();
      scope(() => void tape.record(() => forward('flexvar', { forcing: 'sar' })));
      expect(liveTensors()).toBeGreaterThan(before);
    }
    expect(liveTensors()).toBe(before);
  });
});
