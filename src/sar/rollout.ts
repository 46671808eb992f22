// Stagger-Scale Rollout (SAR, section 4.1): from the teacher-forced predictions of every scale a token is chosen at every position; the tokens
// of scale i − 1 become the student's input at scale i. One scale of stagger, one extra pass, no sequential sampling.
// Legend: B batch, N tokens of a scale, L tokens of all scales, E code width, V codes.
import { drawTokens, filterLogits, guide } from '../sampling/index.js';
import { type Scales, tokensOf } from '../tokenizers/index.js';
import { full, noGrad, ops, rand, scope, type Tensor } from '../torch/index.js';
import type { ForcingContext } from './context.js';
import type { StudentPass } from './student.js';

/** Guidance weight t of scale `index` in training: half of `cfg` at the first scale, `cfg` at the last. */
export function trainingGuidance(cfg: number, index: number, scales: number): number {
  return 0.5 * cfg * (1 + (scales > 1 ? index / (scales - 1) : 1));
}

/** A sequence [B, L, …] cut into its scales. */
export function splitScales(sequence_BLV: Tensor, scales: Scales): Tensor[] {
  return sequence_BLV.splitWithSizes(scales.map(tokensOf), 1); // prettier-ignore
}

/** One token at every position of one scale [B, N] from logits [B, N, V]. */
export function chooseTokens({ settings, random }: ForcingContext, logits_BNV: Tensor): Tensor {
  const { choice, topK, topP } = settings.tokens;
  if (choice === 'argmax') return logits_BNV.argmax(-1);
  const uniform_BN = rand(logits_BNV.shape.slice(0, 2), { generator: random, device: logits_BNV.device });
  return drawTokens(filterLogits(logits_BNV, { topK, topP }), uniform_BN);
}

/**
 * Logits [B, N, V] (float32, without gradient) of every scale, to choose tokens from: a pass's, guided where the rollout is. The null class's come
 * from one more pass over the same inputs, which takes part in no loss.
 */
export function guidedLogits(
  { generator, labels_B, scales, settings }: ForcingContext,
  logits_BLV: Tensor,
  inputs_BLE: Tensor | undefined,
  visibility: 'causal' | 'own-scale' = 'causal',
): Tensor[] {
  const cfg = settings.tokens.guidance;
  return noGrad(() =>
    scope(() => {
      const predictions = splitScales(logits_BLV.detach().to('float32'), scales);
      if (cfg === null) return predictions;
      const null_B = full(labels_B.shape, generator.nullClass, { dtype: 'int64', device: labels_B.device });
      const nulls = splitScales(generator.logits(null_B, inputs_BLE, scales, { visibility }).to('float32'), scales);
      return predictions.map((logits_BNV, i) =>
        guide(ops.cat([logits_BNV, nulls[i]!], 0), trainingGuidance(cfg, i, scales.length)),
      );
    }),
  );
}

/** Tokens [B, N] of every scale, chosen from a pass's predictions [B, L, V] without gradient; the pass's inputs serve guidance. */
export function rollout(
  context: ForcingContext,
  logits_BLV: Tensor,
  inputs_BLE: Tensor | undefined,
  visibility?: 'causal' | 'own-scale',
): Tensor[] {
  const choose = (logits_BNV: Tensor) => chooseTokens(context, logits_BNV);
  return noGrad(() => scope(() => guidedLogits(context, logits_BLV, inputs_BLE, visibility).map(choose)));
}

/** What the student is fed [B, N]: the rollout's tokens everywhere, or at a random share of all places and the true ones elsewhere. */
export function fedTokens({ settings, targets, random }: ForcingContext, chosen: readonly Tensor[]): readonly Tensor[] {
  const { ownShare = 1 } = settings.tokens;
  if (ownShare === 1) return chosen;
  const mix = (chosen_BN: Tensor, target_BN: Tensor) => {
    const isOwn_BN = rand(chosen_BN.shape, { generator: random, device: chosen_BN.device }).lt(ownShare);
    return ops.where(isOwn_BN, chosen_BN, target_BN);
  };
  return noGrad(() => scope(() => chosen.map((chosen_BN, i) => mix(chosen_BN, targets[i]!))));
}

/**
 * The rollout one step deeper: tokens [B, N] of every scale, those of the student's scales chosen from the student's predictions. Those before are
 * kept: they saw what sequential sampling would have shown them. After student pass k the first k + 1 scales' tokens are sequential samples.
 */
export function rollOn(context: ForcingContext, student: StudentPass, chosen: readonly Tensor[]): Tensor[] {
  const visibility = context.settings.studentContext === 'own-scale' ? 'own-scale' : 'causal';
  const deeper = rollout(context, student.all_BAV!, student.inputs_BLE, visibility); // the settings let no student of the last scale alone go on
  return chosen.map((chosen_BN, i) => (i < student.firstScale ? chosen_BN : deeper[i]!));
}
