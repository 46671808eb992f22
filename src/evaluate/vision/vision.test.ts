// DINOv2 and CLIP's image tower layer by layer against plain PyTorch programs on formula weights: test/programs/vision.py wrote what is compared.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fillByFormula, visionRange } from '../../../test/formulaWeights.js';
import { formulaBytes, NetworkRecord } from '../../../test/networkRecord.js';
import type { Module } from '../../nn/index.js';
import { liveTensors, scope, type Tensor, tensor } from '../../torch/index.js';
import type { Witness } from '../witness.js';
import { ClipImageTower, type ClipSizes } from './clip.js';
import { DinoV2, type DinoV2Sizes } from './dinoV2.js';
import { resizeLikePillow } from './pixels.js';

interface Network extends Module {
  features(bytes_B3HW: Tensor, witness?: Witness): Tensor;
}

const recordOf = (name: string) => new NetworkRecord(join(import.meta.dirname, '..', '..', '..', 'test', 'programs', `${name}.safetensors`)); // prettier-ignore

test.each([
  ['dino', (sizes: DinoV2Sizes): Network => new DinoV2(sizes)],
  ['dinoGated', (sizes: DinoV2Sizes): Network => new DinoV2(sizes)],
  ['clip', (sizes: ClipSizes): Network => new ClipImageTower(sizes)],
] as const)('%s: names, shapes, every layer', (name, make) => {
  const before = liveTensors();
  const record = recordOf(name);
  const read = <T>(key: string) => JSON.parse(record.metadata[key]!) as T;
  const network = make(read('sizes')).requireGrad(false);
  const shapes = Object.fromEntries(Array.from(network.stateDict(), ([key, one]) => [key, one.shape]));
  expect(shapes).toEqual(read('weights'));
  fillByFormula(network, read('seed'), visionRange);
  scope(() => {
    const bytes = formulaBytes(...read<[number, number, number]>('images'));
    const features = network.features(bytes, (layer, output) => {
      record.compare(layer, output);
    });
    record.compare('features', features);
  });
  expect(record.left).toEqual([]);
  network.dispose();
  expect(liveTensors()).toBe(before);
});

test('the resize is Pillow’s, to the last bit', () => {
  const rows = JSON.parse(recordOf('clip').metadata['resized']!) as number[][];
  for (const [oldHeight, oldWidth, height, width, ...sums] of rows as [number, number, number, number, ...number[]][])
    scope(() => {
      const found = resizeLikePillow(formulaBytes(2, oldHeight, oldWidth), [height, width]).to('float64');
      expect([found.sum().item(), found.square().sum().item()]).toEqual(sums);
    });
});

test('the resize averages where images become smaller, rounds to bytes, and leaves a side that fits alone', () => {
  scope(() => {
    const stripes = Uint8Array.from({ length: 3 * 8 * 64 }, (_, i) => (i % 2 ? 255 : 0));
    const found = resizeLikePillow(tensor(stripes, { shape: [1, 3, 8, 64] }), [8, 4]);
    expect(found.shape).toEqual([1, 3, 8, 4]);
    for (const value of found.toArray()) expect(Math.abs(value - 127.5)).toBeLessThan(4);
    const edge = Uint8Array.from({ length: 3 * 2 * 8 }, (_, i) => (i % 8 < 4 ? 0 : 255));
    const larger = resizeLikePillow(tensor(edge, { shape: [1, 3, 2, 8] }), [2, 32]).toArray();
    expect([Math.min(...larger), Math.max(...larger)]).toEqual([0, 255]); // what overshoots is cut off
  });
});
