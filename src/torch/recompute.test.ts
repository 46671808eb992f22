// The tape of recomputed segments by itself: arguments of any form, graphs between segments, and what it refuses.
import { expect, test } from 'vitest';
import { liveTensors, recompute, scope, Tape, type Tensor, tensor } from './index.js';

function leaf(values: number[]): Tensor {
  const made = tensor(values);
  made.requiresGrad = true;
  return made;
}

/** Gradients of a, b and w after `forward`, with a tape and without, and how often the counted body ran. */
function both(forward: (a: Tensor, b: Tensor, w: Tensor) => Tensor) {
  return [new Tape(), undefined].map((tape) =>
    scope(() => {
      const leaves = [leaf([1, 2]), leaf([3, 5]), leaf([-1, 4])] as const;
      const loss = scope(() => (tape ? tape.record(() => forward(...leaves)) : forward(...leaves)));
      if (tape) tape.backward(loss);
      else loss.backward();
      return leaves.map((one) => one.grad?.toArray());
    }),
  );
}

test('a segment runs once forward, where it keeps nothing but its arguments, and once more in backward', () => {
  scope(() => {
    using tape = new Tape();
    const x = leaf([1, 2]);
    const recorded: boolean[] = [];
    const body = (x: Tensor) => {
      const y = x.exp();
      recorded.push(y.requiresGrad);
      return y.mul(y);
    };
    const loss = scope(() => tape.record(() => recompute(body, x).sum()));
    expect(recorded).toEqual([false]);
    tape.backward(loss);
    expect(recorded).toEqual([false, true]);
    x.grad!.toArray().forEach((one, i) => { expect(one).toBeCloseTo(2 * Math.exp(2 * (i + 1)), 3); }); // prettier-ignore
  });
});

test('tensors in arrays and objects, plain values, parameters beside the arguments, and graphs between the segments', () => {
  const before = liveTensors();
  const [taped, plain] = both((a, b, w) => {
    const first = recompute(({ a, list }, power: number) => a.mul(list[0]!.pow(power)).mul(w), { a, list: [b] }, 2);
    const between = first.exp().add(a).log(); // what it saves for backward goes with its only segment
    return recompute((x: Tensor, b: Tensor) => x.mul(b).add(w), between, b)
      .mul(first)
      .sum();
  });
  expect(taped).toEqual(plain);
  expect(liveTensors()).toBe(before);
});

test('a segment that the loss does not depend on is passed over', () => {
  const [taped, plain] = both((a, b) => {
    recompute((b: Tensor) => b.exp(), b);
    return recompute((a: Tensor) => a.exp(), a).sum();
  });
  expect(taped).toEqual(plain);
  expect(taped![1]).toBeUndefined();
});

test('a result that several segments share without being a segment’s is refused, not counted wrongly', () => {
  const shared = (a: Tensor) => {
    const e = a.exp();
    return recompute((e: Tensor) => e.mul(2), e).add(recompute((e: Tensor) => e.mul(3), e)).sum(); // prettier-ignore
  };
  expect(() => both(shared)).toThrow(/second time/);
});
