// What every tokenizer of this family is: images to indices at every scale, and back. How the scales build on each other
// (complete images in FlexVAR, residuals in VAR) is hidden in `pyramid`, so generators, samplers and SAR serve all of them.
// Legend: B batch, C code width, H and W image height and width, h and w latent ones, N tokens of one scale, L tokens of several.
import type { Module } from '../nn/index.js';
import type { Tensor } from '../torch/index.js';

/** Sides of the scales in tokens, from coarse to fine, e.g. `[1, 2, 3, 4, 6, 8]`. */
export type Scales = readonly number[];

/** Tokens of all scales together. */
export function tokenCount(scales: Scales): number {
  return scales.reduce((sum, side) => sum + side * side, 0);
}

/** What the codes chosen so far amount to, one scale after the other. */
export interface Pyramid {
  /**
   * Takes the indices [B, N] of the next scale, which must live as long as the pyramid.
   * @returns the generator's input for the scale after it [B, N', C], or undefined after the last
   */
  push(indices_BN: Tensor): Tensor | undefined;
  /** The image of what has been pushed [B, 3, H, W], about [−1, 1], not clamped. */
  image(): Tensor;
}

/** A multi-scale image tokenizer. */
export interface Tokenizer extends Module {
  readonly family: 'flexvar';
  readonly codeWidth: number;
  readonly vocabularySize: number;
  /** Image pixels a latent pixel, along each side. */
  readonly stride: number;
  /** Images [B, 3, H, W] in [−1, 1] → continuous latent [B, C, h, w]. */
  encode(image_B3HW: Tensor): Tensor;
  /** Continuous latent → indices [B, N] (int64) of every scale. */
  quantise(latent_BChw: Tensor, scales: Scales): Tensor[];
  /** Starts an empty pyramid. */
  pyramid(scales: Scales): Pyramid;
  /** The generator's inputs of scales 2 … N for given indices [B, L − first, C]: what `push` answers, in one piece. */
  inputs(indices: readonly Tensor[], scales: Scales): Tensor;
}

/** `Tokenizer.inputs` by pushing one scale after the other. */
export function inputsOf(pyramid: Pyramid, indices: readonly Tensor[]): Tensor[] {
  return indices.flatMap((indices_BN) => pyramid.push(indices_BN) ?? []);
}
