// What is worth knowing of a pass beside its loss: how well each scale's tokens are predicted. No gradient flows from here.
// Legend: B batch, L tokens of all scales, N tokens of a scale, V codes.
import { crossEntropy } from '../nn/index.js';
import { scalesText } from '../tokenizers/index.js';
import { noGrad, type Tensor } from '../torch/index.js';
import type { ForcingContext } from './context.js';
import { splitScales } from './rollout.js';

/** `loss_scale_S` and `accuracy_scale_S` of logits [B, L, V] against the true tokens, for every scale S; nothing where none are wanted. */
export function scaleMeasures(
  { measure, scales, targets }: ForcingContext,
  logits_BLV: Tensor,
): Record<string, Tensor> {
  if (!measure) return {};
  return noGrad(() =>
    Object.fromEntries(
      splitScales(logits_BLV.detach(), scales).flatMap((logits_BNV, i) => {
        const name = scalesText([scales[i]!]);
        const target_BN = targets[i]!;
        return [
          [`loss_scale_${name}`, crossEntropy(logits_BNV, target_BN)],
          [`accuracy_scale_${name}`, logits_BNV.argmax(-1).eq(target_BN).to('float32').mean()],
        ];
      }),
    ),
  );
}
