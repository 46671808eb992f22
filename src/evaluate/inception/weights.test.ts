// Which files of weights are taken, on formula weights: there is no copy of the published ones here.
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fillByFormula, inceptionRange } from '../../../test/formulaWeights.js';
import { formulaBytes } from '../../../test/networkRecord.js';
import { sentenceOf } from '../../../test/sentence.js';
import { writePth } from '../../formats/index.js';
import { codeOfDtype, openWeights, saveWeights } from '../../nn/index.js';
import { scope, type Tensor, zeros } from '../../torch/index.js';
import { sha256File } from '../../util/files.js';
import { Inception } from './network.js';
import { fillInception, inceptionPath, loadInception, publishedInception } from './weights.js';

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

test('a .pth file as the published one is made, with its counters of batches', () => {
  const counted = new Map(network.stateDict());
  const counter = zeros([], { dtype: 'int64' });
  for (const name of network.stateDict().keys())
    if (name.endsWith('running_var')) counted.set(name.replace('running_var', 'num_batches_tracked'), counter);
  pth(at('counted.pth'), counted);
  const filled = new Inception().requireGrad(false);
  using file = openWeights(at('counted.pth'));
  fillInception(filled, file);
  const [found, wanted] = [filled, network].map((one) => one.stateDict().get('Mixed_7c.branch_pool.bn.running_var')!);
  expect(found!.toArray()).toEqual(wanted!.toArray());
  filled.dispose();
});

test('a .pth file that is published', () => {
  pth(at('published.pth'), network.stateDict());
  const facts = { ...publishedInception };
  Object.assign(publishedInception, { sha256: sha256File(at('published.pth')), bytes: statSync(at('published.pth')).size }); // prettier-ignore
  const { network: loaded, published } = loadInception(at('published.pth'));
  Object.assign(publishedInception, facts);
  expect(published).toBe(true);
  loaded.dispose();
});

test('other .pth files: their sums are not the published one', () => {
  pth(at('other.pth'), network.stateDict());
  const sentence = sentenceOf(() => loadInception(at('other.pth')));
  expect(sentence).toMatch(/^.*other\.pth: expected the published pt_inception-2015-12-05-6726825d\.pth, found \d+ bytes instead of 95628359; fetch https:\S+ again$/); // prettier-ignore
  writeFileSync(at('zeros.pth'), '');
  truncateSync(at('zeros.pth'), publishedInception.bytes);
  expect(sentenceOf(() => loadInception(at('zeros.pth')))).toMatch(
    /found the SHA-256 [0-9a-f]{64} instead of 6726825d/,
  );
});

test('files of other networks', () => {
  const fill = (path: string, tensors: ReadonlyMap<string, Tensor>) => {
    saveWeights(path, tensors);
    return sentenceOf(() => loadInception(path));
  };
  expect(fill(at('none.safetensors'), new Map([['weight', zeros([2])]]))).toContain('found those of something else');
  const torchvision = new Map(network.stateDict());
  torchvision.set('fc.weight', zeros([1000, 2048]));
  expect(fill(at('vision.safetensors'), torchvision)).toContain('with 1008 classes, found 1000 classes: torchvision’s'.replace('’', "'")); // prettier-ignore
  const torn = new Map(network.stateDict());
  torn.delete('Mixed_6d.branch1x1.bn.bias');
  expect(fill(at('torn.safetensors'), torn)).toContain("expected a tensor 'Mixed_6d.branch1x1.bn.bias', found none");
});

test('no file: what to fetch, and where to put it', () => {
  vi.stubEnv('SCALEWISE_CACHE', folder);
  expect(inceptionPath()).toBe(join(folder, 'inception', publishedInception.name));
  expect(sentenceOf(() => loadInception())).toBe(
    `${inceptionPath()}: expected the weights of Inception-v3, found no such file; fetch ${publishedInception.url} and put it there`,
  );
  vi.unstubAllEnvs();
});
