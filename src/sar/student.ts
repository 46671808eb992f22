// Pass 2: the student, fed with the tokens that pass 1 chose, in one of three readings of what it sees.
// Legend: B batch, L tokens of the student's scales, E code width, V codes.
import { tokensOf } from '../tokenizers/index.js';
import { ops, type Tensor } from '../torch/index.js';
import { type ForcingContext, inputsFor } from './context.js';

/** The student's logits, and which scales they are of. */
export interface StudentPass {
  /** Inputs that the student was fed [B, L, E]. */
  inputs_BLE: Tensor;
  /** [B, L, V] */
  logits_BLV: Tensor;
  /** Index of the first scale that has a student. */
  firstScale: number;
}

/** Runs pass 2 with gradient; undefined where there is one scale, which has no student. */
export function studentPass(
  context: ForcingContext,
  labels_B: Tensor,
  chosen: readonly Tensor[],
): StudentPass | undefined {
  const { generator, scales, settings, random } = context;
  const inputs_BLE = inputsFor(context, chosen);
  if (!inputs_BLE) return undefined;
  if (settings.studentContext === 'last-scale') {
    const tokens = tokensOf(scales.at(-1)!);
    const last_BNE = inputs_BLE.narrow(1, inputs_BLE.size(1) - tokens, tokens);
    const logits_BLV = generator.lastScaleLogits(labels_B, last_BNE, scales, { pathDrop: random });
    return { inputs_BLE: last_BNE, logits_BLV, firstScale: scales.length - 1 };
  }
  const options = { visibility: settings.studentContext, pathDrop: random };
  const all_BLV = generator.logits(labels_B, inputs_BLE, scales, options);
  const first = tokensOf(scales[0]!);
  return { inputs_BLE, logits_BLV: all_BLV.narrow(1, first, all_BLV.size(1) - first), firstScale: 1 };
}

/** Tokens [B, L] of the student's scales. */
export function studentTokens({ firstScale }: StudentPass, tokens: readonly Tensor[]): Tensor {
  return ops.cat(tokens.slice(firstScale), 1);
}

/** The part of pass 1's logits [B, L, V] that belongs to the student's scales. */
export function studentPart({ logits_BLV }: StudentPass, teacher_BLV: Tensor): Tensor {
  const length = logits_BLV.size(1);
  return teacher_BLV.narrow(1, teacher_BLV.size(1) - length, length);
}
