// Inception-v3 layer by layer against a plain PyTorch program on formula weights: test/programs/inception.py wrote what is compared.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fillByFormula, inceptionRange } from '../../../test/formulaWeights.js';
import { formulaBytes, NetworkRecord } from '../../../test/networkRecord.js';
import { liveTensors, scope, tensor } from '../../torch/index.js';
import { Inception } from './network.js';
import { resizeLikeTensorFlow } from './resize.js';

const path = join(import.meta.dirname, '..', '..', '..', 'test', 'programs', 'inception.safetensors');

const record = new NetworkRecord(path);
const network = new Inception().requireGrad(false);
fillByFormula(network, Number(record.metadata['seed']), inceptionRange);
afterAll(() => {
  network.dispose();
});
const images = () => formulaBytes(...(JSON.parse(record.metadata['images']!) as [number, number, number]));

test('the names and shapes of the parameters', () => {
  const kernels = JSON.parse(record.metadata['kernels']!) as Record<string, number[]>;
  const wanted = Object.entries(kernels).flatMap(([name, shape]): [string, number[]][] => {
    const outputs = [shape[0]!];
    if (name === 'fc.weight') return [[name, shape], ['fc.bias', outputs]]; // prettier-ignore
    const norm = ['weight', 'bias', 'running_mean', 'running_var'].map((part): [string, number[]] => [
      name.replace('conv.weight', `bn.${part}`), outputs,
    ]); // prettier-ignore
    return [[name, shape], ...norm];
  });
  const found = Array.from(network.stateDict(), ([name, one]) => [name, one.shape]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
  expect(found.length).toBe(94 * 5 + 2);
});

/** Compares every layer, and the outputs. */
function compareAll(against: NetworkRecord): void {
  scope(() => {
    const bytes = images();
    const { pool_BD, spatial_BD, logits_BK, logitsWithoutBias_BK } = network.features(bytes, (name, output) => {
      against.compare(name, output);
    });
    against.compare('pool_3', pool_BD);
    against.compare('spatial', spatial_BD);
    against.compare('logits', logits_BK);
    against.compare('logits without bias', logitsWithoutBias_BK);
  });
}

test('every layer', () => {
  const before = liveTensors();
  scope(() => {
    const ramp = Float32Array.from({ length: 40 * 56 }, (_, i) => 3 * (i % 56) + 5 * Math.floor(i / 56));
    const plane = () => tensor(ramp, { shape: [1, 1, 40, 56] });
    record.compare('ramp larger', resizeLikeTensorFlow(plane(), [299, 299]).select(0, 0).select(0, 0));
    record.compare('ramp smaller', resizeLikeTensorFlow(plane(), [17, 13]).select(0, 0).select(0, 0));
  });
  compareAll(record);
  expect(record.left).toEqual([]);
  expect(liveTensors()).toBe(before);
});

test('every layer with the normalisations folded, which leaves a state dict of the same network', () => {
  network.to({ memoryFormat: 'channelsLast' }).fold().fold();
  compareAll(new NetworkRecord(path));
  const copy = new Inception().requireGrad(false);
  copy.loadStateDict(network.stateDict());
  scope(() => {
    const [found, wanted] = [copy, network].map((one) => one.features(images()).logits_BK);
    expect(found!.sub(wanted!).abs().amax([0, 1]).item()).toBeLessThan(1e-4);
  });
  copy.dispose();
});
