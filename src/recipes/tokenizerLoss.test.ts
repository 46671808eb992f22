// The loss of a tokenizer's training where every scale has a latent of its own: the mean over scales of what each scale's picture costs alone.
import { afterAll, expect, test } from 'vitest';
import { tinyFlexVar } from '../../test/models.js';
import { Generator, gradients, randn, scope } from '../torch/index.js';
import { tokenizerLosses } from './tokenizerLoss.js';

const sizes = { vocabularySize: 30, width: 8, heads: 2 };
const [ofLatents, ofImages] = [tinyFlexVar(sizes), tinyFlexVar(sizes, 'image')];
afterAll(() => {
  for (const { generator, tokenizer } of [ofLatents, ofImages]) for (const one of [generator, tokenizer]) one.dispose();
});

const weights = { l1: 0.7, l2: 1.3, codebook: 1.1, commitment: 0.4, perceptual: 0, adversarial: 0 };
const images = () => randn([3, 3, 8, 8], { generator: new Generator(5) });
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

test('a pyramid of images: each scale costs what the reduced image alone would', () => {
  scope(() => {
    const scales = [1, 2, 4];
    const found = tokenizerLosses(ofImages.tokenizer, images(), { scales, decoded: scales, weights });
    const alone = scales.map((side) => {
      const reduced = images().adaptiveAvgPool2d([2 * side, 2 * side]);
      return tokenizerLosses(ofLatents.tokenizer, reduced, { scales: [side], decoded: [side], weights });
    });
    for (const part of ['loss_l1', 'loss_l2', 'loss_codebook', 'loss_commitment'])
      expect(found.parts[part]!.item()).toBeCloseTo(mean(alone.map(({ parts }) => parts[part]!.item())), 5);
    expect(found.loss.item()).toBeCloseTo(mean(alone.map(({ loss }) => loss.item())), 5);
    expect(found.indices.map((one) => one.toArray())).toEqual(alone.map(({ indices }) => indices[0]!.toArray()));
    expect(found.rows_BPC.shape).toEqual([3, 1 + 4 + 16, 4]);
    expect(found.reconstruction_B3HW.shape).toEqual([3, 3, 8, 8]);
    // and the encoder learns from all of them
    const gradientOf = (loss: typeof found.loss, { tokenizer }: typeof ofImages) => gradients([loss], [tokenizer.encoder.convIn.weight_OIKK])[0]!; // prettier-ignore
    const sum = alone.map(({ loss }) => gradientOf(loss, ofLatents)).reduce((a, b) => a.add(b));
    const apart = gradientOf(found.loss, ofImages).mul(3).sub(sum);
    expect(apart.abs().amax().item()).toBeLessThan(1e-4 * sum.abs().amax().item() + 1e-7);
  });
});

test('only the decoded scales are compared with pictures; all are quantised', () => {
  scope(() => {
    const scales = [1, 2, 4];
    const { parts, indices } = tokenizerLosses(ofImages.tokenizer, images(), { scales, decoded: [4], weights });
    const whole = tokenizerLosses(ofLatents.tokenizer, images(), { scales: [4], decoded: [4], weights });
    expect(indices).toHaveLength(3);
    expect(parts['loss_l1']!.item()).toBeCloseTo(whole.parts['loss_l1']!.item(), 5);
    expect(parts['loss_codebook']!.item()).not.toBeCloseTo(whole.parts['loss_codebook']!.item(), 3);
  });
});
