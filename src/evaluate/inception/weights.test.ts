// Which files of weights are taken, on formula weights: there is no copy of the published ones here.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fillByFormula, inceptionRange } from '../../../test/formulaWeights.js';
import { formulaBytes } from '../../../test/networkRecord.js';
import { sentenceOf } from '../../../test/sentence.js';
import { writePth } from '../../formats/index.js';
import { codeOfDtype, saveWeights } from '../../nn/index.js';
import { scope, type Tensor, zeros } from '../../torch/index.js';
import { sha256File } from '../../util/files.js';
import { Inception } from './network.js';
import { inceptionPath, loadInception, publishedInception } from './weights.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-inception-'));
const at = (name: string) => join(folder, name);
const network = new Inception().requireGrad(false);

const pth = (path: string, tensors: ReadonlyMap<string, Tensor>) => {
  const source = (one: Tensor) => ({ dtype: codeOfDtype(one.dtype), shape: one.shape, bytes: () => one.bytes() });
  writePth(path, new Map(Array.from(tensors, ([name, one]) => [name, source(one)])));
};

beforeAll(() => {
  fillByFormula(network, 3, inceptionRange);
  saveWeights(at('port.safetensors'), network.stateDict());
});
afterAll(() => {
  network.dispose();
  rmSync(folder, { recursive: true });
});

test('a safetensors file: the same features, and not called published', () => {
  const { network: loaded, published } = loadInception(at('port.safetensors'));
  expect(published).toBe(false);
  scope(() => {
    const bytes = formulaBytes(1, 40, 56);
    const [found, wanted] = [loaded, network].map((one) => one.features(bytes).pool_BD);
    expect(found!.requiresGrad).toBe(false);
    expect(found!.sub(wanted!).abs().amax([0, 1]).item()).toBeLessThan(1e-4 * wanted!.amax([0, 1]).item());
  });
  loaded.dispose();
});

test('.pth files: whole ones with counters of batches, taken where their sum is the published one', () => {
  const counted = new Map(network.stateDict());
  const counter = zeros([], { dtype: 'int64' });
  for (const name of network.stateDict().keys())
    if (name.endsWith('running_var')) counted.set(name.replace('running_var', 'num_batches_tracked'), counter);
  const path = at('port.pth');
  pth(path, counted);
  const sentence = sentenceOf(() => loadInception(path));
  expect(sentence).toMatch(/^.*port\.pth: expected the published pt_inception-2015-12-05-6726825d\.pth, found \d+ bytes instead of 95628359; fetch https:\S+ again$/); // prettier-ignore
  const facts = { ...publishedInception };
  Object.assign(publishedInception, { bytes: statSync(path).size });
  expect(sentenceOf(() => loadInception(path))).toMatch(/found the SHA-256 [0-9a-f]{64} instead of 6726825d/);
  Object.assign(publishedInception, { sha256: sha256File(path) });
  const { network: loaded, published } = loadInception(path);
  Object.assign(publishedInception, facts);
  expect(published).toBe(true);
  expect(loaded.head.bias_O!.toArray()).toEqual(network.head.bias_O!.toArray());
  loaded.dispose();
});

test('files of other networks', () => {
  const fill = (path: string, tensors: ReadonlyMap<string, Tensor>) => {
    saveWeights(path, tensors);
    return sentenceOf(() => loadInception(path));
  };
  expect(fill(at('none.safetensors'), new Map([['weight', zeros([2])]]))).toContain('found those of something else');
  const marks = ['Conv2d_1a_3x3.conv.weight', 'Mixed_7c.branch_pool.conv.weight'];
  const few = new Map(Array.from(network.stateDict()).filter(([name]) => marks.includes(name)));
  few.set('fc.weight', zeros([1000, 2048]));
  expect(fill(at('torchvision.safetensors'), few)).toContain("1008 classes, found 1000 classes: torchvision's");
  few.set('fc.weight', zeros([1008, 2048]));
  expect(fill(at('few.safetensors'), few)).toContain("expected a tensor 'Conv2d_1a_3x3.bn.weight', found none");
});

test('no file: what to fetch, and where to put it', () => {
  vi.stubEnv('SCALEWISE_CACHE', folder);
  expect(inceptionPath()).toBe(join(folder, 'inception', publishedInception.name));
  expect(sentenceOf(() => loadInception())).toBe(
    `${inceptionPath()}: expected the weights of Inception-v3, found no such file; fetch ${publishedInception.url} and put it there`,
  );
  vi.unstubAllEnvs();
});
