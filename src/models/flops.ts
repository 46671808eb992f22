// How many floating-point operations a generator's passes take: the arithmetic that MFU is measured against. A product of m × k and k × n
// counts 2·m·n·k; what is not a product (norms, softmax, resizing, losses) is not counted, nor what a mask hides from a query.
import { type Scales, tokenCount, tokensOf } from '../tokenizers/index.js';
import type { TransformerConfig } from './transformer.js';
import type { Visibility } from './visibility.js';

/** A pass without gradient costs its forward; one with gradient as much again for the inputs and for the weights. */
export const trainingFactor = 3;

/** Pairs of a query and a key that it sees, in one sample's sequence of whole scales. */
export function visiblePairs(scales: Scales, visibility: Visibility): number {
  const first = tokensOf(scales[0]!);
  let before = 0;
  let pairs = 0;
  for (const scale of scales) {
    const own = tokensOf(scale);
    const others = visibility === 'causal' ? before : Math.min(before, first);
    pairs += own * (others + own);
    before += own;
  }
  return pairs;
}

/** Operations of one sample's pass over `tokens` tokens, of which `embedded` come from codes, with `pairs` visible pairs. */
function passFlops(config: TransformerConfig, tokens: number, embedded: number, pairs: number): number {
  const { depth, width, vocabularySize, codeWidth, sharedAdaLn = false } = config;
  const wordEmbedding = 2 * embedded * codeWidth * width;
  const attention = 2 * tokens * width * (3 * width + width) + 2 * (2 * pairs * width); // q, k, v and output; q·kᵀ and its product with v
  const feedForward = 2 * (2 * tokens * width * 4 * width);
  const adaptive = (parts: number) => 2 * width * parts * width; // once a sample, not once a token
  const modulations = (sharedAdaLn ? 1 : depth) * adaptive(6) + adaptive(2);
  const head = 2 * tokens * width * vocabularySize;
  return wordEmbedding + depth * (attention + feedForward) + modulations + head;
}

/** Operations of a batch's forward pass over all scales (`ScaleTransformer.logits`), of either family. */
export function forwardFlops(
  config: TransformerConfig,
  batch: number,
  scales: Scales,
  visibility: Visibility = 'causal',
): number {
  const tokens = tokenCount(scales);
  return batch * passFlops(config, tokens, tokens - tokensOf(scales[0]!), visiblePairs(scales, visibility));
}

/** Operations of a batch's forward pass over the last scale alone (`ScaleTransformer.lastScaleLogits`). */
export function lastScaleFlops(config: TransformerConfig, batch: number, scales: Scales): number {
  const last = scales.at(-1)!;
  const tokens = 1 + tokensOf(last);
  return batch * passFlops(config, tokens, tokensOf(last), visiblePairs([1, last], 'causal'));
}
