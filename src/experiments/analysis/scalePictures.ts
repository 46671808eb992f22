// Pictures at every scale, all of the size of the last. FlexVAR's coarse scales decode to smaller pictures (a scale of side s to s · stride pixels),
// which are enlarged bilinearly, corners not aligned; VAR's running sum decodes to the whole size at every scale.
// Legend: B images, C code width, H and W their sides, h and w those of a map, N tokens of a scale.
import { type Scales, sizeOf, type Tokenizer } from '../../tokenizers/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import type { Pass } from './passes.js';

/** Height and width of the pictures that some scales end with. */
export function pictureSize(tokenizer: Tokenizer, scales: Scales): [height: number, width: number] {
  const [height, width] = sizeOf(scales.at(-1)!);
  return [height * tokenizer.stride, width * tokenizer.stride];
}

/** Pictures [B, 3, H, W] enlarged bilinearly, corners not aligned; themselves where they are of that size. */
export function enlarge(image_B3HW: Tensor, size: readonly [height: number, width: number]): Tensor {
  const same = image_B3HW.size(2) === size[0] && image_B3HW.size(3) === size[1];
  return same ? image_B3HW : image_B3HW.upsampleBilinear2d([...size], false);
}

/** The picture of every scale as it is decoded [B, 3, h, w], clamped: of the tokens that fed it and, on top of them, those chosen at it. */
export function decodedOf(
  tokenizer: Tokenizer,
  { fed, tokens }: Pick<Pass, 'fed' | 'tokens'>,
  scales: Scales,
): Tensor[] {
  return noGrad(() =>
    scope(() =>
      tokens.map((tokens_BN, i) => {
        using pyramid = tokenizer.pyramid(scales);
        for (const one of fed.slice(0, i)) pyramid.push(one);
        pyramid.push(tokens_BN);
        return scope(() => pyramid.image().to('float32').clamp(-1, 1));
      }),
    ),
  );
}

/** `decodedOf`, enlarged to the size of the last scale [B, 3, H, W]. */
export function picturesOfPass(tokenizer: Tokenizer, pass: Pick<Pass, 'fed' | 'tokens'>, scales: Scales): Tensor[] {
  const size = pictureSize(tokenizer, scales);
  return noGrad(() => scope(() => decodedOf(tokenizer, pass, scales).map((one) => enlarge(one, size))));
}

/** Mean over channels of |a − b| [B, H, W], as a share of the range of a pixel: 0 to 1. */
export function differenceMap(a_B3HW: Tensor, b_B3HW: Tensor): Tensor {
  return a_B3HW.sub(b_B3HW).abs().mean([1]).div(2);
}

/** A map of codes or latents [B, C, h, w] as the picture that it decodes to, clamped [B, 3, H, W]. */
export function decodeMap(tokenizer: Tokenizer, map_BChw: Tensor): Tensor {
  return scope(() => tokenizer.decodeCodes(map_BChw).to('float32').clamp(-1, 1));
}
