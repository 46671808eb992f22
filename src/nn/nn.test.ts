// Modules, optimisation, schedules and resizing, against plain calculations and the published code's numbers.
import { describe, expect, test } from 'vitest';
import { Generator, noGrad, randn, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import {
  AdamW,
  areaResize,
  bicubicResize,
  clipGradNorm,
  crossEntropy,
  learningRate,
  type LearningRateSchedule,
  Linear,
  Module,
  parameter,
  weightDecay,
} from './index.js';

function expectClose(found: Tensor | readonly number[], expected: readonly number[], tolerance: number): void {
  const numbers = 'toArray' in found ? found.toArray() : found;
  expect(numbers.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(numbers[i]! - value), `element ${i}: ${numbers[i]!} against ${value}`).toBeLessThan(tolerance);
  });
}

describe('resizing', () => {
  const map = (rows: number[][]) => tensor([[rows]]);
  test('area', () => {
    scope(() => {
      const ramp = tensor(Float32Array.from({ length: 16 }, (_, i) => i), { shape: [1, 1, 4, 4] }); // prettier-ignore
      expect(areaResize(ramp, [3, 3]).toArray()).toEqual([2.5, 3.5, 4.5, 6.5, 7.5, 8.5, 10.5, 11.5, 12.5]);
      const enlarged = [0, 2, 6, 10, 12].flatMap((row) => [0, 0.5, 1.5, 2.5, 3].map((column) => row + column));
      expect(areaResize(ramp, [5, 5]).toArray()).toEqual(enlarged);
      expect(areaResize(ramp, [4, 4])).toBe(ramp);
      expect(areaResize(ramp, [2, 4]).toArray()).toEqual([2, 3, 4, 5, 10, 11, 12, 13]);
    });
  });
  test('bicubic', () => {
    scope(() => {
      const expected = [
        -0.30528, -0.00827, 0.48093, 0.77794, 0.32376, 0.73102, 1.40179, 1.80905, 1.35983, 1.94867, 2.91852, 3.50735,
        1.98888, 2.68796, 3.83939, 4.53847,
      ];
      expectClose(bicubicResize(map([[0, 1], [2, 4]]), [4, 4]), expected, 1e-5); // prettier-ignore
      const rows = map([[0, 1, 5], [0, 1, 5], [0, 1, 5]]); // prettier-ignore
      expectClose(bicubicResize(rows, [5, 5]).select(2, 2), [-0.096, 0.1, 1, 3.52, 5.384], 1e-5);
    });
  });
});

describe('schedules', () => {
  test('learning rate of the published d16 run', () => {
    const [perEpoch, epochs] = [1669, 200];
    const schedule: LearningRateSchedule = {
      shape: 'lin0', peak: 3e-4, iterations: perEpoch * epochs, warmupIterations: (perEpoch * epochs) / 50, warmupStart: 0.005, end: 0.1,
    }; // prettier-ignore
    const expected: [iteration: number, rate: number][] = [
      [0, 1.5e-6],
      [1, 1.54471e-6],
      [6675, 2.99955e-4],
      [6676, 3e-4],
      [23_031, 3e-4],
      [23_033, 2.999993e-4],
      [166_900, 1.750049e-4],
      [333_799, 3e-5],
    ];
    for (const [iteration, rate] of expected)
      expect(Math.abs(learningRate(schedule, iteration) / rate - 1), `iteration ${iteration}`).toBeLessThan(3e-6);
  });
  test('every shape begins at the peak, never rises after, and ends where it should', () => {
    const base = { peak: 1, iterations: 1000, warmupIterations: 0, warmupStart: 0, end: 0.1 };
    for (const shape of ['lin0', 'lin00', 'lin', 'cos', 'exp'] as const) {
      const rates = Array.from({ length: 1000 }, (_, i) => learningRate({ ...base, shape }, i));
      expect(rates[0]).toBe(1);
      expect(rates[999]).toBeCloseTo(0.1, 12);
      expect(rates.every((rate, i) => i === 0 || rate <= rates[i - 1]!)).toBe(true);
    }
    expect(learningRate({ ...base, shape: 'constant' }, 999)).toBe(1);
    expect(learningRate({ ...base, shape: 'lin' }, 2000)).toBeCloseTo(0.1, 12);
  });
  test('weight decay of the published d30 run', () => {
    expect(weightDecay(0.05, 0.08, 0, 1001)).toBe(0.05);
    expect(weightDecay(0.05, 0.08, 500, 1001)).toBeCloseTo(0.065, 12);
    expect(weightDecay(0.05, 0.08, 1000, 1001)).toBeCloseTo(0.08, 12);
  });
});

/** AdamW on plain numbers, as its paper's Algorithm 2 has it with PyTorch's decoupled decay. */
class PlainAdamW {
  readonly #first: number[];
  readonly #second: number[];
  #steps = 0;
  constructor(readonly values: number[]) {
    this.#first = values.map(() => 0);
    this.#second = values.map(() => 0);
  }
  step(gradient: readonly number[], rate: number, decay: number, [beta1, beta2] = [0.9, 0.95], eps = 1e-8): void {
    this.#steps++;
    gradient.forEach((g, i) => {
      this.#first[i] = beta1 * this.#first[i]! + (1 - beta1) * g;
      this.#second[i] = beta2 * this.#second[i]! + (1 - beta2) * g * g;
      const mean = this.#first[i] / (1 - beta1 ** this.#steps);
      const square = this.#second[i] / (1 - beta2 ** this.#steps);
      this.values[i] = this.values[i]! * (1 - rate * decay) - (rate * mean) / (Math.sqrt(square) + eps);
    });
  }
}

function made(values: readonly number[]): Tensor {
  const one = parameter([values.length]);
  noGrad(() => scope(() => one.copy_(tensor([...values]))));
  return one;
}

describe('AdamW', () => {
  const groups = (a: Tensor, b: Tensor) => [
    { parameters: new Map([['a', a]]), decay: true },
    { parameters: new Map([['b', b]]), decay: false },
  ];
  test('follows the plain calculation; weight decay only where it applies; rates may change', () => {
    scope(() => {
      const [a, b] = [made([1, -2, 3]), made([0.5, 4])];
      const [plainA, plainB] = [new PlainAdamW([1, -2, 3]), new PlainAdamW([0.5, 4])];
      const optimizer = new AdamW(groups(a, b));
      for (let step = 0; step < 20; step++) {
        const [rate, decay] = [0.1 / (1 + step), 0.05 + 0.01 * step];
        const gradientOf = (n: number) => Array.from({ length: n }, (_, i) => Math.sin(3 * step + i) * 10 ** (i - 1));
        [a.grad, b.grad] = [tensor(gradientOf(3)), tensor(gradientOf(2))];
        optimizer.step(rate, decay);
        optimizer.zeroGrad();
        plainA.step(gradientOf(3), rate, decay);
        plainB.step(gradientOf(2), rate, 0);
      }
      expectClose(a, plainA.values, 5e-6);
      expectClose(b, plainB.values, 5e-6);
      expect([a.grad, b.grad]).toEqual([null, null]);
      optimizer.dispose();
    });
  });
  test('a parameter without a gradient stays; its bias correction is that of the optimiser', () => {
    scope(() => {
      const [a, b] = [made([1]), made([1])];
      const optimizer = new AdamW(groups(a, b), { betas: [0.9, 0.9] });
      a.grad = tensor([1]);
      optimizer.step(0.1, 0);
      expect(b.toArray()).toEqual([1]);
      b.grad = tensor([1]);
      optimizer.step(0.1, 0);
      // moments 0.1 and 0.1, both corrected for two steps: 0.1 / 0.19 each
      expectClose(b, [1 - (0.1 * (0.1 / 0.19)) / Math.sqrt(0.1 / 0.19)], 1e-6);
      optimizer.dispose();
    });
  });
  test('a saved state continues bit for bit', () => {
    scope(() => {
      const steps = (optimizer: AdamW, a: Tensor, count: number) => {
        for (let i = 0; i < count; i++) {
          a.grad = a.detach().mul(2).add(0.3);
          optimizer.step(0.05, 0.1);
        }
      };
      const through = made([1, 2]);
      const straight = new AdamW(groups(through, made([0])));
      steps(straight, through, 6);
      const cut = made([1, 2]);
      const early = new AdamW(groups(cut, made([0])));
      steps(early, cut, 3);
      const resumed = made(cut.toArray());
      const late = new AdamW(groups(resumed, made([0])));
      late.loadState(early.state());
      steps(late, resumed, 3);
      expect(resumed.toArray()).toEqual(through.toArray());
      expect(() => {
        late.loadState(new Map([['step', tensor([1], { dtype: 'int64' })]]), 'somewhere');
      }).toThrow(/somewhere: expected a tensor 'a.exp_avg'/);
    });
  });
});

describe('clipGradNorm', () => {
  const withGradients = (...gradients: number[][]) =>
    gradients.map((gradient) => {
      const one = made(gradient);
      one.grad = tensor(gradient);
      return one;
    });
  test('scales down to the maximum, leaves what is below it', () => {
    scope(() => {
      const parameters = withGradients([3, 0], [4]);
      expect(clipGradNorm([...parameters, made([1])], 2).item()).toBeCloseTo(5, 6); // one has no gradient
      expectClose(parameters[0]!.grad!, [1.2, 0], 1e-6);
      expectClose(parameters[1]!.grad!, [1.6], 1e-6);
      const small = withGradients([0.3], [0.4]);
      expect(clipGradNorm(small, 2).item()).toBeCloseTo(0.5, 6);
      expect(small[0]!.grad!.toArray()).toEqual([Math.fround(0.3)]);
    });
  });
  test('a norm that is not finite is returned, and nothing scaled', () => {
    scope(() => {
      const parameters = withGradients([Infinity], [4]);
      expect(clipGradNorm(parameters, 2).item()).toBe(Infinity);
      expect(parameters[1]!.grad!.toArray()).toEqual([4]);
    });
  });
});

class Pair extends Module {
  readonly one = this.add('one', new Linear(2, 3));
  readonly two = this.add('two.deep', new Linear(3, 1, { bias: false }));
}

describe('modules', () => {
  test('names, counts, modes', () => {
    const pair = new Pair();
    expect([...pair.stateDict().keys()]).toEqual(['one.weight', 'one.bias', 'two.deep.weight']);
    expect(pair.parameterCount()).toBe(12);
    expect([pair.eval().one.training, pair.train().two.training]).toEqual([false, true]);
    expect(pair.requireGrad(false).parameters().some((one) => one.requiresGrad)).toBe(false); // prettier-ignore
    pair.dispose();
    expect(pair.parameters().every((one) => one.disposed)).toBe(true);
  });
  test('loadStateDict copies; what does not fit is named, and nothing is loaded', () => {
    scope(() => {
      const random = new Generator(0);
      const source = () => ({
        'one.weight': randn([3, 2], { generator: random }),
        'one.bias': randn([3], { generator: random }),
        'two.deep.weight': randn([1, 3], { generator: random }),
      });
      const pair = new Pair();
      const load = (tensors: Record<string, Tensor>, ignored?: RegExp) => {
        pair.loadStateDict(new Map(Object.entries(tensors)), 'file', ignored);
      };
      const first = source();
      load({ ...first, buffer: zeros([1]) }, /^buffer$/);
      expect(pair.one.weight_OI.toArray()).toEqual(first['one.weight'].toArray());
      const { 'one.bias': bias, ...withoutBias } = source();
      expect(() => {
        load(withoutBias);
      }).toThrow("file: expected a tensor 'one.bias', found none");
      expect(() => {
        load({ ...withoutBias, 'one.bia': bias });
      }).toThrow("file: unexpected tensor 'one.bia'; did you mean 'one.bias'?");
      expect(() => {
        load({ ...source(), 'one.bias': zeros([1, 3]) });
      }).toThrow("file: 'one.bias' should be 3, is 1×3: the configuration differs");
      expect(() => {
        load({});
      }).toThrow(UsageError);
      expect(pair.one.weight_OI.toArray()).toEqual(first['one.weight'].toArray());
    });
  });
});

test('cross-entropy is the mean over all positions', () => {
  scope(() => {
    const logits = [[1, 2, 3], [0, 0, 0], [5, -5, 0], [1, 1, 2]]; // prettier-ignore
    const targets = [2, 0, 0, 1];
    const terms = logits.map((row, i) => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[targets[i]!]!);
    const found = crossEntropy(tensor(logits).view([2, 2, 3]), tensor(targets, { dtype: 'int64' }).view([2, 2]));
    expect(found.item()).toBeCloseTo(terms.reduce((a, b) => a + b) / 4, 6);
  });
});
