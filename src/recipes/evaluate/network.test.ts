// Files of weights whose networks extract features, told by their content, on formula weights.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fillByFormula, inceptionRange, type Range, visionRange } from '../../../test/formulaWeights.js';
import { formulaBytes } from '../../../test/networkRecord.js';
import { sentenceOf } from '../../../test/sentence.js';
import { toImages } from '../../data/index.js';
import { Classifier, ClipImageTower, DinoV2, Inception } from '../../evaluate/index.js';
import { type Module, saveWeights } from '../../nn/index.js';
import { liveTensors, ops, scope, type Tensor, zeros } from '../../torch/index.js';
import { classifierNetwork, featureNetwork, outputOf } from './network.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-features-'));
const at = (name: string) => join(folder, name);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const sizes = { width: 768, heads: 12, layers: 1, hidden: 64, patch: 32, grid: 7 };

/** Networks, and what their features of bytes are by themselves. */
const rows: [name: string, distance: string, make: () => Module & { direct: (bytes_B3HW: Tensor) => Tensor }, Range][] = [
  ['Inception-v3 (2015-12-05) (weights not verified)', 'FID (weights not verified)', () => {
    const one = new Inception();
    return Object.assign(one, { direct: (bytes: Tensor) => one.features(bytes).pool_BD });
  }, inceptionRange],
  ['DINOv2 base', 'FD-DINOv2', () => {
    const one = new DinoV2({ ...sizes, activation: 'gated' });
    return Object.assign(one, { direct: (bytes: Tensor) => one.features(bytes) });
  }, visionRange],
  ['CLIP ViT-B/32', 'FD-CLIP', () => {
    const one = new ClipImageTower({ ...sizes, activation: 'quick_gelu', embedding: 24 });
    return Object.assign(one, { direct: (bytes: Tensor) => one.features(bytes) });
  }, visionRange],
  ['classifier', 'FCD', () => {
    const one = new Classifier(3);
    return Object.assign(one, { direct: (bytes: Tensor) => one.judge(toImages(bytes)).features_BD });
  }, visionRange],
]; // prettier-ignore

test.each(rows)('%s', (name, distance, make, range) => {
  const before = liveTensors();
  const network = make();
  network.requireGrad(false);
  fillByFormula(network, 2, range);
  const metadata: Record<string, string> = network instanceof Classifier ? { kind: 'classifier', classes: '3' } : {};
  saveWeights(at('one.safetensors'), network.stateDict(), metadata);
  const features = featureNetwork(at('one.safetensors'));
  expect([features.name, features.distance.name]).toEqual([name, distance]);
  scope(() => {
    const bytes = formulaBytes(2, 40, 32);
    const [found, wanted] = [features.features(bytes).pool, network.direct(bytes)];
    expect(found.shape).toEqual(wanted.shape);
    expect(found.sub(wanted).abs().amax([0, 1]).item()).toBeLessThan(1e-4 * wanted.abs().amax([0, 1]).item());
  });
  features.dispose();
  network.dispose();
  expect(liveTensors()).toBe(before);
});

test("Inception's scores are of the logits without bias, as ADM's evaluator takes them", () => {
  const network = new Inception().requireGrad(false);
  fillByFormula(network, 2, inceptionRange);
  saveWeights(at('inception.safetensors'), network.stateDict());
  const features = featureNetwork(at('inception.safetensors'));
  scope(() => {
    const bytes = formulaBytes(2, 40, 32);
    const { logits_BK, logitsWithoutBias_BK } = network.features(bytes);
    const away = (wanted: Tensor) => features.features(bytes).logits!.sub(wanted).abs().amax([0, 1]).item();
    expect(away(logitsWithoutBias_BK)).toBeLessThan(1e-4);
    expect(away(logits_BK)).toBeGreaterThan(1e-3);
  });
  features.dispose();
  network.dispose();
});

test('more images than a network sees at once', () => {
  const tower = new ClipImageTower({ ...sizes, activation: 'quick_gelu', embedding: 24 }).requireGrad(false);
  fillByFormula(tower, 2, visionRange);
  saveWeights(at('tower.safetensors'), tower.stateDict());
  const features = featureNetwork(at('tower.safetensors'));
  scope(() => {
    const bytes = formulaBytes(27, 32, 32);
    const found = outputOf(features, bytes).pool;
    const wanted = ops.cat(
      [0, 9, 18].map((start) => tower.features(bytes.narrow(0, start, 9))),
      0,
    );
    expect(found.shape).toEqual([27, 24]);
    expect(found.sub(wanted).abs().amax([0, 1]).item()).toBeLessThan(1e-4);
  });
});

test('a file of something else', () => {
  saveWeights(at('other.safetensors'), new Map([['weight', zeros([2])]]));
  expect(sentenceOf(() => featureNetwork(at('other.safetensors')))).toMatch(
    /other\.safetensors: expected the weights of a network for features \(Inception-v3 .*\), found 1 tensors of another model; give another file$/,
  );
  expect(sentenceOf(() => classifierNetwork(at('other.safetensors')))).toMatch(/expected a classifier's weights, found 1 tensors .* other networks with --features$/); // prettier-ignore
  expect(sentenceOf(() => featureNetwork(at('none.safetensors')))).toMatch(/--features: there is no file .*none\.safetensors; give the weights of a network$/); // prettier-ignore
});
