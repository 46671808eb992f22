// The engine: calls and their errors, memory by scope, autograd, autocast, generators, data in and out.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  aliasTypedArray,
  arange,
  autocast,
  cudaAvailable,
  deviceMemory,
  Generator,
  gradients,
  has,
  keep,
  libtorch,
  liveTensors,
  noGrad,
  ones,
  op,
  ops,
  profile,
  randn,
  scope,
  setThreads,
  straightThrough,
  Tensor,
  tensor,
  tensorFromBytes,
  threads,
  TorchError,
  uncheckedOp,
  zeros,
} from './index.js';
import { native } from './native.js';

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

describe('no call ends the process', () => {
  test('errors of libtorch name the operator', () => {
    scope(() => {
      expect(() => ones([2, 3]).mm(ones([2, 3]))).toThrow(/^aten::mm: /);
      expect(() => { ones([2]).backward(); }).toThrow(/^backward: /); // prettier-ignore
    });
  });
  test('operators that do not check their arguments are refused, unless the caller answers for them', () => {
    expect(() => op('aten::_softmax_backward_data')).toThrow(/_softmax_backward_data: not callable from here/);
    expect(() => op('quantized::add')).toThrow(/not callable/);
    scope(() => {
      const internal = uncheckedOp('aten::_softmax')(tensor([0, 0]), 0, false) as Tensor;
      expect(internal.toArray()).toEqual([0.5, 0.5]);
    });
  });
  test('lists have the length of the schema, sizes and counts are bounded', () => {
    scope(() => {
      const x = ones([1, 1, 4, 4]);
      expect(x.avgPool2d([2]).shape).toEqual([1, 1, 2, 2]);
      expect(() => x.avgPool2d([2, 2, 2])).toThrow(/avg_pool2d: argument 'kernel_size': expected 2 elements, got 3/);
      expect(() => x.expand([2 ** 62, 4])).toThrow(/argument 'size': the product of its elements is too large/);
      const parts = Array.from({ length: 70 }, () => 2); // of one dimension: their product is nothing's size
      expect(zeros([140]).splitWithSizes(parts, 0)).toHaveLength(70);
      expect(() => x.chunk(2 ** 31, 0)).toThrow(/argument 'chunks': expected at most 65536/);
      expect(() => zeros([2 ** 45])).toThrow(/^aten::zeros: a tensor of \d+ bytes was asked for/);
      expect(() => zeros([2], { device: 'nowhere' })).toThrow(
        /'device': expected a device .*, got the string 'nowhere'/,
      );
    });
  });
  test.runIf(has('aten::_fused_adamw_'))('the fused optimiser wants lists of equal shapes', () => {
    scope(() => {
      const [large, small, step] = [ones([5000]), ones([2]), zeros([])];
      const options = { lr: 1, beta1: 0, beta2: 0, weightDecay: 0, eps: 1, amsgrad: false, maximize: false };
      const update = (gradient: Tensor, moment: Tensor) => () => {
        ops.fusedAdamw_([large], [gradient], [moment], [large.clone()], [], [step], options);
      };
      expect(update(small, large.clone())).toThrow(/_fused_adamw_: element 0 of list 2 has not the shape/);
      expect(update(large.clone(), ones([1]).expand([5000]))).toThrow(/element 0 of list 3/);
      expect(update(large.clone(), large.clone())).not.toThrow();
    });
  });
  test('a result that could not be made leaves no tensor that claims more than it has', () => {
    scope(() => {
      const out = ones([2]);
      expect(() => op('aten::zeros.out')([2 ** 45], out)).toThrow(TorchError);
      expect(out.shape).toEqual([0]);
      expect(out.add_(1).toArray()).toEqual([]);
    });
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const turn = () => new Promise((done) => setTimeout(done, 5)); // finalisers run when the event loop turns

describe('memory', () => {
  test('the garbage collector frees what no scope does', async () => {
    const before = liveTensors();
    for (let i = 0; i < 300; i++) ones([1000]).add(1);
    expect(liveTensors()).toBeGreaterThanOrEqual(before + 300);
    for (let i = 0; i < 50 && liveTensors() > before; i++) {
      collectGarbage();
      await turn();
    }
    expect(liveTensors()).toBeLessThanOrEqual(before + 2); // the loop's last ones may still lie on the stack
  });
  test('V8 is told of the bytes that only it can free', () => {
    const told = () => native.reportMemory(0);
    const before = told();
    const large = ones([2 ** 20]);
    expect(told() - before).toBe(2 ** 22);
    large.dispose();
    expect(told()).toBe(before);
    scope(() => {
      ones([2 ** 20]);
      expect(told()).toBe(before); // the scope will free it
    });
  });
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
  test('autocast: what is computed in bfloat16 is right, norms and losses stay in float32', () => {
    scope(() => {
      using random = new Generator(3);
      const [x, w] = [randn([4, 16], { generator: random }), randn([8, 16], { generator: random })];
      w.requiresGrad = true;
      const loss = () => ops.layerNorm(ops.linear(x, w).to('float32'), [8]).square().mean();
      const [exact] = gradients([ops.linear(x, w).square().mean()], [w]);
      const low = autocast({}, () => ops.linear(x, w));
      const [rough] = gradients([low.to('float32').square().mean()], [w]);
      const error = (a: Tensor, b: Tensor) => a.to('float32').sub(b).abs().maxDim(0)[0].maxDim(0)[0].item();
      expect(error(low, ops.linear(x, w))).toBeLessThan(0.06); // 8 bits of mantissa, values up to about 10
      expect(error(rough!, exact!)).toBeLessThan(0.06);
      expect(error(rough!, exact!)).toBeGreaterThan(0);
      expect(autocast({}, loss).dtype).toBe('float32');
      expect(autocast({}, () => autocast({ dtype: 'float32' }, () => ops.linear(x, w))).dtype).toBe('float32');
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
  test('a state goes through bytes, and a wrong one is refused', () => {
    scope(() => {
      using a = new Generator(7);
      using other = new Generator(8);
      randn([3], { generator: a });
      const saved = a.state().bytes();
      const next = randn([5], { generator: a }).toArray();
      other.setState(tensorFromBytes(saved, 'uint8', [saved.length]));
      expect(randn([5], { generator: other }).toArray()).toEqual(next);
      expect(() => { other.setState(ones([3])); }).toThrow(/^setGeneratorState: /); // prettier-ignore
      other.dispose();
      expect(() => other.state()).toThrow(/generatorState: the generator was freed/);
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

test('threads', () => {
  const before = threads();
  expect(setThreads(1)).toBe(1);
  expect(threads()).toBe(1);
  expect(setThreads(before)).toBe(before);
  expect(() => setThreads(0)).toThrow(/^setThreads: threads: expected 1 to 4096, got 0/);
});

test('the profiler writes what ran, where libtorch has it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-profile-'));
  const file = join(folder, 'trace.json');
  const work = () => scope(() => ones([8, 8]).matmul(ones([8, 8])).sum().item()); // prettier-ignore
  try {
    if (libtorch().version.startsWith('1.')) {
      expect(() => profile(file, work)).toThrow('startProfile: libtorch 1.13.0 is older than 2.0');
      return;
    }
    expect(profile(file, work)).toBe(512);
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: { name: string }[] };
    expect(traceEvents.map(({ name }) => name)).toContain('aten::mm');
    expect(profile(file, work)).toBe(512); // again
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a device other than CUDA has no figures of memory', () => {
  expect(deviceMemory('cpu')).toBeUndefined();
  if (!cudaAvailable()) expect(deviceMemory('cuda')).toBeUndefined();
});
