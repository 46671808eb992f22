// Editing without training: which tokens of an image stay while the others are sampled (VAR, section 5.2), and the classes on the way from one
// to another. Plain values in, what `sample` takes out.
// Legend: B images, H and W their sides, h and w sides of a scale, N = h·w tokens.
import { areaResize } from '../nn/index.js';
import { type Scales, sizeOf, type Tokenizer, tokensOf } from '../tokenizers/index.js';
import { noGrad, ones, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { Label } from './condition.js';
import type { GivenTokens } from './group.js';

/** Scales of so few tokens are kept whole, as the published demonstration keeps them: what they say is said of the whole image. */
const keptWhole = 3;

/**
 * Which tokens of every scale stay, [1, N] bool. On the last scale a token stays where all pixels that it covers do; that grid is resized to
 * the other scales bilinearly (corners not aligned), and tokens above one half stay.
 * @param keep_HW 1 where a pixel stays, 0 where it is made anew; float32
 */
export function keepMasks(keep_HW: Tensor, scales: Scales): Tensor[] {
  const last = sizeOf(scales.at(-1)!);
  const grid_11hw = areaResize(keep_HW.unsqueeze(0).unsqueeze(0), last).ge(1).to('float32');
  return scales.map((scale) => {
    if (tokensOf(scale) <= keptWhole) return ones([1, tokensOf(scale)], { dtype: 'bool', device: keep_HW.device });
    return grid_11hw
      .upsampleBilinear2d([...sizeOf(scale)], false)
      .gt(0.5)
      .flatten(1);
  });
}

/**
 * The tokens of images [B, 3, H, W] in [−1, 1], to be given to `sample`: everywhere, or where `keep_HW` (as in `keepMasks`) is 1. They belong to
 * the caller's scope.
 * @throws UsageError where the images are of another size than the scales make
 */
export function givenFromImage(
  tokenizer: Tokenizer,
  image_B3HW: Tensor,
  scales: Scales,
  keep_HW?: Tensor,
): GivenTokens[] {
  const [B, , H, W] = image_B3HW.shape as [number, number, number, number];
  const made = sizeOf(scales.at(-1)!).map((side) => side * tokenizer.stride);
  if (made[0] !== H || made[1] !== W)
    throw new UsageError(
      `edit: expected an image of ${made.join(' × ')} pixels, which the scales make, got ${H} × ${W}; resize it or change the scales`,
    );
  return noGrad(() =>
    scope(() => {
      const kept = keep_HW && keepMasks(keep_HW, scales).map((one_1N) => one_1N.expand([B, -1]));
      const indices = tokenizer.tokens(image_B3HW, scales);
      return indices.map((indices_BN, i) => ({ indices_BN, kept_BN: kept?.[i] }));
    }),
  );
}

/** Only the first `count` scales of given tokens: the later ones are sampled. */
export function givenUpTo(given: readonly GivenTokens[], count: number): (GivenTokens | undefined)[] {
  return given.map((one, i) => (i < count ? one : undefined));
}

/** `steps` labels in even steps along the classes: the classes themselves, and mixtures of neighbours between them. */
export function classPath(classes: readonly number[], steps: number): Label[] {
  if (classes.length < 2 || steps < classes.length)
    throw new UsageError(
      `interpolation: expected at least two classes and as many steps as classes, got ${classes.length} classes and ${steps} steps`,
    );
  return Array.from({ length: steps }, (_, step) => {
    const at = (step * (classes.length - 1)) / (steps - 1);
    const [from, to] = [classes[Math.floor(at)]!, classes[Math.ceil(at)]!];
    const share = at - Math.floor(at);
    return share === 0 ? from : [[from, 1 - share], [to, share]]; // prettier-ignore
  });
}
