// Stagger-Scale Rollout (SAR, section 4.1): from the teacher-forced predictions of every scale a token is chosen at every position; the tokens
// of scale i − 1 become the student's input at scale i. One scale of stagger, one extra pass, no sequential sampling.
// Legend: B batch, N tokens of a scale, L tokens of all scales, E code width, V codes.
import { drawTokens, filterLogits, guide } from '../sampling/index.js';
import { type Scales, tokensOf } from '../tokenizers/index.js';
import { full, noGrad, ops, rand, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
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
 * Tokens [B, N] of every scale, chosen from pass 1's predictions without gradient. With guidance the null class's logits come from one
 * more pass over the same inputs, which takes part in no loss.
 */
export function rollout(context: ForcingContext, teacher_BLV: Tensor, inputs_BLE: Tensor | undefined): Tensor[] {
  const { generator, labels_B, scales, settings } = context;
  const cfg = settings.tokens.guidance;
  return noGrad(() =>
    scope(() => {
      const predictions = splitScales(teacher_BLV.detach().to('float32'), scales);
      if (cfg === null) return predictions.map((logits_BNV) => chooseTokens(context, logits_BNV));
      const null_B = full(labels_B.shape, generator.nullClass, { dtype: 'int64', device: labels_B.device });
      const nulls = splitScales(generator.logits(null_B, inputs_BLE, scales).to('float32'), scales);
      return predictions.map((logits_BNV, i) => {
        const guided_BNV = guide(ops.cat([logits_BNV, nulls[i]!], 0), trainingGuidance(cfg, i, scales.length));
        return chooseTokens(context, guided_BNV);
      });
    }),
  );
}

/**
 * The rollout one step deeper: tokens [B, N] of every scale, those of the student's scales chosen from the student's predictions. Those before are
 * kept: they saw what sequential sampling would have shown them. After as many steps as there are scales these are sequential samples.
 */
export function rollOn(context: ForcingContext, student: StudentPass, chosen: readonly Tensor[]): Tensor[] {
  if (!student.all_BAV)
    throw new UsageError(
      `forcing.rolloutSteps: a student of the last scale alone feeds no further pass; use 1 step, or studentContext=causal`,
    );
  const deeper = rollout(context, student.all_BAV, student.inputs_BLE);
  return chosen.map((chosen_BN, i) => (i < student.firstScale ? chosen_BN : deeper[i]!));
}
