// Sampling one image from an exported model, scale by scale, with classifier-free guidance.
// Legend: R rows (the class above no class), N tokens of a scale, V codes.
import { chooseTokens, uniformFrom } from './choice.js';
import { type OpenModel, type Picture, Steps } from './steps.js';

/** What is asked of the sampler. */
export interface SampleRequest {
  /** Number of the class. */
  label: number;
  /** Seed of what is drawn. */
  seed: number;
  /** Scale of the guidance ramp; 0 for none. */
  guidance: number;
  /** Take the most probable token at every position instead of drawing one. */
  greedy: boolean;
}

/** One scale, as it is done. */
export interface SampledScale {
  index: number;
  size: readonly [height: number, width: number];
  /** Tokens, row by row. */
  tokens: Int32Array;
  /** The guidance's weight t here. */
  weight: number;
  /** The image of the scales so far. */
  image: Picture;
}

/** Guided logits [N, V] of rows [2, N, V]: (1 + t) · class − t · none. */
function guide(logits_RNV: Float32Array, weight: number): Float32Array {
  const half = logits_RNV.length / 2;
  return logits_RNV.subarray(0, half).map((one, i) => Math.fround((1 + weight) * one) - weight * logits_RNV[half + i]!);
}

/** Samples an image; the last scale's picture is the result. */
export async function* sampleImage(model: OpenModel, request: SampleRequest): AsyncGenerator<SampledScale> {
  const { scales, vocabularySize } = model.description;
  const { label, seed, guidance, greedy } = request;
  const guided = guidance !== 0;
  const uniform = greedy ? undefined : uniformFrom(seed);
  const steps = new Steps(model, label, guided);
  for (const [index, { size, guidance: share }] of scales.entries()) {
    const weight = guidance * share;
    const logits = await steps.logits();
    const tokens = chooseTokens(guided ? guide(logits, weight) : logits, vocabularySize, uniform);
    await steps.push(tokens);
    yield { index, size, tokens, weight, image: await steps.image() };
  }
}
