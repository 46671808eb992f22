// Sequential rollouts of the student-forcing arms: scale after scale, as in sampling, but with some scales fed by the ground truth.
// Tokens carry no gradient, and the rollout runs without stochastic depth: it is what the model would do at inference.
import { Session } from '../models/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import { chooseTokens } from './rollout.js';
import type { ForcingContext } from './context.js';

/**
 * Tokens [B, N] to feed: of each scale its prediction where the next scale is a student, else the ground truth.
 * @param isStudent whether the scale of an index is fed by the prediction of the scale before it
 */
export function sequentialTokens(
  context: ForcingContext,
  labels_B: Tensor,
  isStudent: (index: number) => boolean,
): Tensor[] {
  const { generator, tokenizer, scales, targets } = context;
  return noGrad(() =>
    scope(() => {
      const session = new Session(generator, generator.condition(labels_B), scales, false);
      using pyramid = tokenizer.pyramid(scales);
      let inputs_BNE: Tensor | undefined;
      return scales.map((_, i) => {
        const logits_BNV = session.logits(session.advance(inputs_BNE, false), false);
        const tokens_BN = isStudent(i + 1) ? chooseTokens(context, logits_BNV) : targets[i]!.add(0);
        inputs_BNE = pyramid.push(tokens_BN);
        return tokens_BN;
      });
    }),
  );
}
