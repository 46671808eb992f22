// Two ways to a pyramid of scales: the latent resized (as FlexVAR and VAR do it), or the image resized and encoded anew at every size. Of each, every
// scale's target and the input that its generator would be given.
// Legend: B images, C code width, H and W image sides, h and w those of a map, N tokens of a scale.
import { areaResize, bicubicResize } from '../../nn/index.js';
import { type Scales, sizeOf, toMap, type Tokenizer, VarTokenizer } from '../../tokenizers/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import { decodeMap } from './scalePictures.js';

/** One scale of a pyramid. */
export interface PyramidScale {
  /** The tokens to predict [B, N]. */
  target_BN: Tensor;
  /** What decodes of the target [B, 3, h, w]: of VAR, the running sum up to it. */
  target_B3hw: Tensor;
  /** What its input decodes to [B, 3, h, w]; none at the first scale, whose input is the class. */
  input_B3hw?: Tensor;
  /** The codes nearest to its input [B, N], where a family's inputs are codes (FlexVAR). */
  copied_BN?: Tensor;
  /** VAR: what the scale's tokens decode to by themselves [B, 3, h, w]. */
  alone_B3hw?: Tensor;
}

/** The pyramid in latent space. */
export function latentPyramid(tokenizer: Tokenizer, targets: readonly Tensor[], scales: Scales): PyramidScale[] {
  return noGrad(() =>
    scope(() => {
      using pyramid = tokenizer.pyramid(scales);
      let input_BNC: Tensor | undefined;
      return targets.map((target_BN, i) => {
        const input_BChw = input_BNC && toMap(input_BNC, scales[i]!);
        const own = tokenizer instanceof VarTokenizer ? tokenizer.contribution(tokenizer.codebook.lookUp(target_BN, scales[i]!), i, scales) : undefined; // prettier-ignore
        input_BNC = pyramid.push(target_BN);
        return {
          target_BN,
          target_B3hw: scope(() => pyramid.image().clamp(-1, 1)),
          ...(input_BChw && { input_B3hw: decodeMap(tokenizer, input_BChw) }),
          ...(input_BChw && !own && { copied_BN: tokenizer.codebook.nearest(input_BChw) }),
          ...(own && { alone_B3hw: decodeMap(tokenizer, own) }),
        };
      });
    }),
  );
}

/**
 * The pyramid in image space: the image [B, 3, H, W] reduced by area to s · stride pixels for a scale of side s, encoded and quantised at that size; its
 * input is the picture of the scale before it, enlarged bicubically and encoded. Shorter lists of scales serve the smaller sizes.
 */
export function imagePyramid(tokenizer: Tokenizer, image_B3HW: Tensor, scales: Scales): PyramidScale[] {
  const inCodes = !(tokenizer instanceof VarTokenizer);
  return noGrad(() =>
    scope(() => {
      let before_B3hw: Tensor | undefined;
      return scales.map((scale, i) => {
        const list = scales.slice(0, i + 1);
        const [height, width] = sizeOf(scale);
        const size = [height * tokenizer.stride, width * tokenizer.stride] as const;
        const quantise = (picture: Tensor) => tokenizer.quantise(tokenizer.encode(picture), list);
        const targets = quantise(areaResize(image_B3HW, size));
        const input_B3hw = before_B3hw && bicubicResize(before_B3hw, size).clamp(-1, 1);
        using pyramid = tokenizer.pyramid(list);
        for (const one of targets) pyramid.push(one);
        const target_B3hw = scope(() => pyramid.image().clamp(-1, 1));
        before_B3hw = target_B3hw;
        return {
          target_BN: targets.at(-1)!,
          target_B3hw,
          ...(input_B3hw && { input_B3hw }),
          ...(input_B3hw && inCodes && { copied_BN: quantise(input_B3hw).at(-1)! }),
        };
      });
    }),
  );
}
