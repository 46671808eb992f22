// Pyramids of latents and of images, and what is counted of them.
import { afterAll, expect, test } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../../test/models.js';
import { crossEntropy } from '../../nn/index.js';
import { Generator, noGrad, rand, randint, randn, scope } from '../../torch/index.js';
import { divergenceOf, entropyOf } from './divergence.js';
import { bitsOf } from './imbalance.js';
import { imagePyramid, latentPyramid } from './pyramids.js';

const scales = [1, 2, 3];
const flexVar = tinyFlexVar({ vocabularySize: 20, width: 16, heads: 2 });
const plainVar = tinyVar({ vocabularySize: 20, width: 16, heads: 2, scales });
afterAll(() => {
  for (const { generator, tokenizer } of [flexVar, plainVar]) {
    generator.dispose();
    tokenizer.dispose();
  }
});

const image = () =>
  rand([2, 3, 6, 6], { generator: new Generator(1) })
    .mul(2)
    .sub(1);

test('FlexVAR: an input is the codes above, enlarged; the last scale is the same in both spaces', () => {
  scope(() => {
    const { tokenizer } = flexVar;
    const targets = noGrad(() => tokenizer.quantise(tokenizer.encode(image()), scales));
    const latent = latentPyramid(tokenizer, targets, scales);
    const images = imagePyramid(tokenizer, image(), scales);
    expect(latent.map(({ target_B3hw }) => target_B3hw.shape)).toEqual(
      scales.map((side) => [2, 3, 2 * side, 2 * side]),
    );
    expect(latent[0]!.input_B3hw).toBeUndefined();
    // a single code enlarged is that code everywhere, and copied it is that token
    expect(latent[1]!.copied_BN!.toArray()).toEqual(targets[0]!.expand([2, 4]).toArray());
    expect(images.at(-1)!.target_BN.toArray()).toEqual(targets.at(-1)!.toArray());
    expect(images.at(-1)!.target_B3hw.toArray()).toEqual(latent.at(-1)!.target_B3hw.toArray());
    expect(images[1]!.input_B3hw!.shape).toEqual([2, 3, 4, 4]);
  });
});

test('VAR: the running sum, what a scale adds to it, and no copying', () => {
  scope(() => {
    const { tokenizer } = plainVar;
    const targets = noGrad(() => tokenizer.quantise(tokenizer.encode(image()), scales));
    const latent = latentPyramid(tokenizer, targets, scales);
    expect(latent.map(({ target_B3hw }) => target_B3hw.shape)).toEqual(scales.map(() => [2, 3, 6, 6]));
    // the first scale's tokens by themselves are all there is of the sum
    expect(latent[0]!.alone_B3hw!.toArray()).toEqual(latent[0]!.target_B3hw.toArray());
    expect(latent.map(({ copied_BN }) => copied_BN)).toEqual([undefined, undefined, undefined]);
    expect(imagePyramid(tokenizer, image(), scales).at(-1)!.target_BN.toArray()).toEqual(targets.at(-1)!.toArray());
  });
});

test('bits are the cross-entropy, and a distribution does not diverge from itself', () => {
  scope(() => {
    const logits = randn([1, 5, 7], { generator: new Generator(3) });
    const target = randint(0, 7, [1, 5], { generator: new Generator(4) });
    expect(bitsOf(logits, target).item()).toBeCloseTo(crossEntropy(logits, target).item() / Math.LN2, 5);
    expect(Math.abs(divergenceOf(logits, logits.add(3)).item())).toBeLessThan(1e-6);
    const even = logits.mul(0);
    const entropy = logits.softmax(-1).mul(logits.logSoftmax(-1)).sum([-1]).mean().item();
    expect(divergenceOf(logits, even).item()).toBeCloseTo(Math.log(7) + entropy, 5);
    expect(entropyOf(logits).item()).toBeCloseTo(-entropy, 5);
    expect(entropyOf(even).item()).toBeCloseTo(Math.log(7), 5);
  });
});
