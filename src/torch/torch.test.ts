// The engine: calls and their errors, memory by scope, autograd, autocast, generators, data in and out.
import { describe, expect, test } from 'vitest';
import {
  aliasTypedArray,
  arange,
  autocast,
  Generator,
  gradients,
  has,
  keep,
  liveTensors,
  noGrad,
  ones,
  op,
  ops,
  randn,
  scope,
  straightThrough,
  Tensor,
  tensor,
  tensorFromBytes,
  TorchError,
  zeros,
} from './index.js';

describe('calls', () => {
  test('generated wrappers choose the overload by the kind of value', () => {
    scope(() => {
      const x = tensor([1, 2, 3]);
      expect(x.add(x).toArray()).toEqual([2, 4, 6]);
      expect(x.add(0.5).toArray()).toEqual([1.5, 2.5, 3.5]);
      expect(x.add(x, { alpha: 10 }).toArray()).toEqual([11, 22, 33]);
      expect(x.pow(2).sum().item()).toBe(14);
      expect(x.sum([0], true, { dtype: 'float64' }).dtype).toBe('float64');
      expect(ops.where(x.gt(1), x, 0).toArray()).toEqual([0, 2, 3]);
      expect(x.add_(1)).toBe(x);
    });
  });
  test('several results, lists and optional arguments', () => {
    scope(() => {
      const [values, indices] = tensor([3, 1, 2]).topk(2);
      expect([values.toArray(), indices.toArray(), indices.dtype]).toEqual([[3, 2], [0, 2], 'int64']);
      expect(ops.cat([ones([1, 2]), zeros([1, 2])], 0).toArray()).toEqual([1, 1, 0, 0]);
      expect(ops.layerNorm(tensor([[1, 3]]), [2], null, null, 0).toArray()).toEqual([-1, 1]);
      expect(tensor([[1, 2], [3, 4]]).index([null, tensor([1], { dtype: 'int64' })]).toArray()).toEqual([2, 4]); // prettier-ignore
    });
  });
  test('any operator by its schema', () => {
    scope(() => {
      const add = op('aten::add.Tensor');
      expect((add(tensor([1]), tensor([2])) as Tensor).item()).toBe(3);
      expect(has('aten::add.Tensor')).toBe(true);
      expect(has('aten::no_such_thing')).toBe(false);
      const [u, s] = op('aten::linalg_svd')(tensor([[2, 0], [0, 1]]), false) as Tensor[]; // prettier-ignore
      expect([u!.shape, s!.toArray()]).toEqual([
        [2, 2],
        [2, 1],
      ]);
    });
  });
  test('errors name operator and argument', () => {
    scope(() => {
      const x = ones([2, 3]);
      expect(() => x.mm(x)).toThrow(TorchError);
      expect(() => op('aten::mm')(x, 5)).toThrow(/aten::mm: argument 'mat2': expected a Tensor/);
      expect(() => op('aten::mm')(x)).toThrow(/aten::mm: argument 'mat2' is missing/);
      expect(() => op('aten::narrow')(x, 0, 0.5, 1)).toThrow(
        /aten::narrow: argument 'start': expected an integer, got/,
      );
      expect(() => op('aten::mm')(x, x, x)).toThrow(/expected at most 2 arguments/);
      expect(() => op('aten::nothing')).toThrow(/no such operator/);
      expect(() => x.add('one' as unknown as number)).toThrow(TypeError);
      const freed = ones([1]);
      freed.dispose();
      expect(() => freed.add(1)).toThrow(/aten::add.*'self': the tensor was freed/);
      expect(() => freed.shape).toThrow(/freed/);
    });
  });
});

describe('memory', () => {
  test('a scope frees all but its result and what is kept', () => {
    const before = liveTensors();
    let inner!: Tensor;
    let kept!: Tensor;
    const result = scope(() => {
      inner = ones([4]);
      kept = keep(inner.mul(3));
      return { list: [inner.mul(2)], map: new Map([['a', inner.add(1)]]) };
    });
    expect(inner.disposed).toBe(true);
    expect(kept.toArray()).toEqual([3, 3, 3, 3]);
    expect(result.list[0]!.toArray()).toEqual([2, 2, 2, 2]);
    expect(result.map.get('a')!.toArray()).toEqual([2, 2, 2, 2]);
    expect(liveTensors()).toBe(before + 3);
    for (const one of [kept, result.list[0]!, result.map.get('a')!]) one.dispose();
    expect(liveTensors()).toBe(before);
  });
  test('a scope frees on the way out of an error, and refuses asynchronous bodies', () => {
    const before = liveTensors();
    expect(() =>
      scope(() => {
        ones([2]).add(1);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(() => scope(() => Promise.resolve(1))).toThrow(/synchronous/);
    expect(liveTensors()).toBe(before);
  });
  test('nested scopes pass results outwards; using frees at the end of a block', () => {
    const before = liveTensors();
    scope(() => {
      const x = scope(() => ones([1]).add(1));
      expect(x.item()).toBe(2);
    });
    {
      using y = ones([3]);
      expect(y.numel).toBe(3);
    }
    expect(liveTensors()).toBe(before);
  });
  test('in-place operators make no new handle', () => {
    scope(() => {
      const x = ones([3]);
      const before = liveTensors();
      x.mul_(2).add_(1);
      expect(liveTensors()).toBe(before);
      expect(x.toArray()).toEqual([3, 3, 3]);
    });
  });
});

describe('autograd', () => {
  test('backward accumulates, gradients do not', () => {
    scope(() => {
      const x = tensor([1, 2, 3]);
      x.requiresGrad = true;
      x.mul(x).sum().backward();
      x.sum().backward();
      expect(x.grad!.toArray()).toEqual([3, 5, 7]);
      x.grad = null;
      const [g, none] = gradients([x.pow(3).sum()], [x, tensor([0]).add(0)].slice(0, 1), { allowUnused: true });
      expect([g!.toArray(), none, x.grad]).toEqual([[3, 12, 27], undefined, null]);
    });
  });
  test('no-grad, detach and straight-through', () => {
    scope(() => {
      const x = tensor([0.2, 1.7]);
      x.requiresGrad = true;
      expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
      expect(x.detach().requiresGrad).toBe(false);
      const rounded = straightThrough(x.round(), x);
      expect(rounded.toArray()[1]).toBeCloseTo(2, 6);
      rounded.mul(3).sum().backward();
      expect(x.grad!.toArray()).toEqual([3, 3]);
    });
  });
  test('autocast: products in bfloat16, gradients in float32', () => {
    scope(() => {
      const w = randn([8, 8]);
      w.requiresGrad = true;
      const y = autocast({ dtype: 'bfloat16' }, () => ops.linear(ones([2, 8]), w));
      expect(y.dtype).toBe('bfloat16');
      expect(ops.linear(ones([2, 8]), w).dtype).toBe('float32');
      y.sum([], false, { dtype: 'float32' }).backward();
      expect(w.grad!.dtype).toBe('float32');
    });
  });
});

describe('random numbers', () => {
  test('a seed repeats, a state continues', () => {
    scope(() => {
      using a = new Generator(7);
      using b = new Generator(7);
      const state = a.state();
      const first = randn([5], { generator: a }).toArray();
      expect(randn([5], { generator: b }).toArray()).toEqual(first);
      expect(randn([5], { generator: a }).toArray()).not.toEqual(first);
      a.setState(state);
      expect(randn([5], { generator: a }).toArray()).toEqual(first);
    });
  });
});

describe('data', () => {
  test('typed arrays in and out, every dtype', () => {
    scope(() => {
      expect(tensor(new Float32Array([1, 2])).data()).toEqual(new Float32Array([1, 2]));
      expect(tensor(new BigInt64Array([5n])).item()).toBe(5);
      expect(tensor([1, 2], { dtype: 'bfloat16' }).toArray()).toEqual([1, 2]);
      expect(tensor([true, false], { dtype: 'bool' }).toArray()).toEqual([1, 0]);
      expect(arange(0, 6).reshape([2, 3]).t().toArray()).toEqual([0, 3, 1, 4, 2, 5]);
      const bits = tensor([1.5], { dtype: 'bfloat16' });
      expect(tensorFromBytes(bits.bytes(), 'bfloat16', [1]).toArray()).toEqual([1.5]);
      expect(() => tensorFromBytes(new Uint8Array(3), 'float32', [1])).toThrow(/expected 4 bytes/);
      expect(() => tensor([[1], [1, 2]])).toThrow(/not all of one length/);
    });
  });
  test('an aliased typed array shares its memory', () => {
    scope(() => {
      const data = new Float32Array([1, 2, 3]);
      const x = aliasTypedArray(data);
      data[0] = 9;
      expect(x.toArray()).toEqual([9, 2, 3]);
      x.mul_(2);
      expect(Array.from(data)).toEqual([18, 4, 6]);
    });
  });
  test('to changes dtype and memory format, or nothing', () => {
    scope(() => {
      const x = ones([1, 2, 3, 3]);
      expect(x.to('float32')).toBe(x);
      const last = x.to({ memoryFormat: 'channelsLast' });
      expect([last.isContiguous('channelsLast'), last.shape]).toEqual([true, [1, 2, 3, 3]]);
    });
  });
});
