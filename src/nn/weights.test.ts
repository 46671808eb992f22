// Weights in files of both formats: the same tensors, and modules that load them one at a time.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type TensorSource, writePth } from '../formats/index.js';
import { scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { Linear, loadWeights, Module, openWeights, saveWeights, type TensorsByName } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-weights-'));
const [pth, safetensors] = [join(folder, 'x.pth'), join(folder, 'x.safetensors')];

class Pair extends Module {
  constructor() {
    super();
    this.add('first', new Linear(2, 3));
    this.add('second', new Linear(3, 1));
  }
}

const shapes = { 'first.weight': [3, 2], 'first.bias': [3], 'second.weight': [1, 3], 'second.bias': [1] };
const values = (shape: readonly number[], first: number) =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i / 8);

/** The same tensors in both formats, with one more than the module has. */
function write(): void {
  const all = Object.entries({ ...shapes, lvl_1L: [2] }).map(([name, shape], k) => ({
    name,
    shape,
    data: values(shape, k),
  }));
  const sources = all.map(({ name, shape, data }): [string, TensorSource] => [
    name,
    { dtype: 'F32', shape, bytes: () => new Uint8Array(data.buffer) },
  ]);
  writePth(pth, new Map(sources));
  scope(() => {
    saveWeights(safetensors, new Map(all.map(({ name, shape, data }) => [name, tensor(data, { shape })])), { k: 'v' });
  });
}

const numbers = (tensors: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries(Array.from(tensors, ([name, one]) => [name, one.toArray()]));

test.each([
  [pth, {}],
  [safetensors, { k: 'v' }],
])('%s: all at once', (path, expected) => {
  write();
  const { metadata, tensors } = loadWeights(path);
  expect(metadata).toEqual(expected);
  expect(tensors.get('first.weight')).toMatchObject({ dtype: 'float32', shape: [3, 2] });
  expect(tensors.get('second.weight')!.toArray()).toEqual([2, 2.125, 2.25]);
  for (const one of tensors.values()) one.dispose();
});

test.each([pth, safetensors])('%s: into a module, never more than one tensor beside it', (path) => {
  write();
  using file = openWeights(path);
  const read: Tensor[] = [];
  const source: TensorsByName = {
    shapes: file.shapes,
    tensor(name) {
      expect(
        read.every((one) => one.handle < 0),
        'those before are freed',
      ).toBe(true);
      read.push(file.tensor(name));
      return read.at(-1)!;
    },
  };
  const model = new Pair();
  model.loadStateDict(source, path, /^lvl_1L$/);
  expect(read).toHaveLength(4);
  const { tensors } = loadWeights(path);
  tensors.delete('lvl_1L');
  expect(numbers(model.stateDict())).toEqual(numbers(tensors));
  const other = new Pair();
  other.loadStateDict(tensors);
  expect(numbers(other.stateDict())).toEqual(numbers(tensors));
  expect(model.parameters().every((one) => one.requiresGrad)).toBe(true);
});

test('what does not fit is a sentence, and nothing is read', () => {
  write();
  using file = openWeights(pth);
  const model = new Pair();
  const load = (change: (shapes: Map<string, readonly number[]>) => void, ignored?: RegExp) => () => {
    const changed = new Map(file.shapes);
    change(changed);
    const tensor = () => expect.unreachable('read');
    model.loadStateDict({ shapes: changed, tensor }, 'x.pth', ignored);
  };
  expect(load(() => undefined)).toThrow(new UsageError("x.pth: unexpected tensor 'lvl_1L' (is it another model's?)"));
  const ignored = /^lvl_1L$/;
  expect(load((all) => all.delete('first.bias'), ignored)).toThrow(/expected a tensor 'first\.bias', found none/);
  expect(load((all) => all.set('first.bias', [4]), ignored)).toThrow(
    /'first\.bias' should be 3, is 4: the configuration/,
  );
});
