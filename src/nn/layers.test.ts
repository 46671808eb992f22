// Weights kept in bfloat16, against rounding them and computing in float32; layers in turn, against one after the other.
import { expect, test } from 'vitest';
import { autocast, Generator, liveBytes, noGrad, randn, scope, type Tensor } from '../torch/index.js';
import { inTurn, Linear, Module, storeLinear } from './index.js';

const random = new Generator(3);

/** Two linear layers, as a part of a model has them. */
class Pair extends Module {
  readonly first = this.add('first', new Linear(8, 16));
  readonly second = this.add('second', new Linear(16, 4, { bias: false }));

  constructor() {
    super();
    noGrad(() => {
      for (const one of this.parameters()) scope(() => one.copy_(randn(one.shape, { generator: random })));
    });
  }

  forward(x: Tensor): Tensor {
    return inTurn([this.first, this.second], x);
  }
}

const product = (x: Tensor, weight: Tensor) => x.matmul(weight.t());

test('weights in bfloat16 take half the memory and compute in float32 as rounded ones do', () => {
  noGrad(() => {
    scope(() => {
      const pair = new Pair();
      const x = randn([3, 8], { generator: random });
      const rounded = (one: Tensor) => one.to('bfloat16').to('float32');
      const { first, second } = pair;
      const expected = product(product(x, rounded(first.weight_OI)).add(first.bias_O!), rounded(second.weight_OI));
      const before = liveBytes();
      storeLinear(pair, 'bfloat16');
      expect(before - liveBytes()).toBe(2 * (8 * 16 + 16 * 4));
      expect([first.weight_OI.dtype, first.bias_O!.dtype]).toEqual(['bfloat16', 'float32']);
      const found = pair.forward(x);
      expect(found.dtype).toBe('float32');
      expect(found.sub(expected).abs().amax().item()).toBeLessThan(1e-5);
      pair.dispose();
    });
  });
});

test('under autocast weights in bfloat16 give exactly what autocast makes of float32 ones', () => {
  noGrad(() => {
    scope(() => {
      const pair = new Pair();
      const x = randn([3, 8], { generator: random });
      const low = () => autocast({}, () => pair.forward(x));
      const expected = low();
      storeLinear(pair, 'bfloat16');
      expect(low().dtype).toBe('bfloat16');
      expect(low().toArray()).toEqual(expected.toArray());
      pair.dispose();
    });
  });
});

test('layers in turn free what lies between them, and leave input and absent layers alone', () => {
  scope(() => {
    const x = randn([100], { generator: random });
    const seen: Tensor[] = [];
    const double = { forward: (one: Tensor) => (seen.push(one), one.mul(2)) };
    const result = inTurn([double, undefined, double, double], x);
    expect(result.toArray()).toEqual(x.mul(8).toArray());
    expect(seen.map((one) => one.disposed)).toEqual([false, true, true]);
    expect(inTurn([], x)).toBe(x);
  });
});
