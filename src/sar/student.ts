// Pass 2: the student, fed with the tokens that pass 1 chose, in one of three readings of what it sees. Pass 3 is fed with what pass 2 chose, and so on.
// Legend: B batch, L tokens of the student's scales, A tokens of all scales, E code width, V codes.
import { type Scales, tokenCount } from '../tokenizers/index.js';
import { ops, type Tensor } from '../torch/index.js';
import { type ForcingContext, inputsFor } from './context.js';
import { meanOverScales } from './losses.js';
import type { SarSettings } from './settings.js';

/** The student's logits, and which scales they are of. */
export interface StudentPass {
  /** Inputs that the pass was fed [B, L, E]: of all scales but the first, or of the last alone where only that was computed. */
  inputs_BLE: Tensor;
  /** Logits of all scales [B, A, V]; undefined where only the last one was computed. */
  all_BAV: Tensor | undefined;
  /** Logits of the student's scales [B, L, V]. */
  logits_BLV: Tensor;
  /** Index of the first scale that has a student. */
  firstScale: number;
}

/**
 * Runs a student pass with gradient; undefined where no scale is left that has a student.
 * @param depth how many passes chose these tokens one after the other: 1 for pass 2. Up to scale `depth` the inputs are those of the pass before
 * (scale 1 sees the start token alone, scale 2 what pass 1 chose at scale 1, …), so only the scales after it are students.
 */
export function studentPass(
  context: ForcingContext,
  labels_B: Tensor,
  chosen: readonly Tensor[],
  depth = 1,
): StudentPass | undefined {
  const { generator, scales, settings, random } = context;
  if (scales.length <= depth) return undefined;
  const inputs_BLE = inputsFor(context, chosen)!;
  const lengthOf = (firstScale: number) => tokenCount(scales.slice(firstScale));
  if (settings.studentContext === 'last-scale') {
    const firstScale = scales.length - 1;
    const tokens = lengthOf(firstScale);
    const last_BNE = inputs_BLE.narrow(1, inputs_BLE.size(1) - tokens, tokens);
    const logits_BLV = generator.lastScaleLogits(labels_B, last_BNE, scales, { pathDrop: random });
    return { inputs_BLE: last_BNE, all_BAV: undefined, logits_BLV, firstScale };
  }
  const options = { visibility: settings.studentContext, pathDrop: random };
  const all_BAV = generator.logits(labels_B, inputs_BLE, scales, options);
  const length = lengthOf(depth);
  return { inputs_BLE, all_BAV, logits_BLV: all_BAV.narrow(1, all_BAV.size(1) - length, length), firstScale: depth };
}

/** How many student passes a step has: no more than have a scale that is new to them. */
export function studentPasses(settings: SarSettings, scales: Scales): number {
  return Math.min(settings.rolloutSteps, scales.length - 1);
}

/** A loss of the student against what is wanted of its scales [B, L, …]; the mean over tokens or over scales, as the settings have it. */
export function studentLoss(
  { settings, scales }: ForcingContext,
  { logits_BLV, firstScale }: StudentPass,
  loss: (student_BNV: Tensor, wanted_BN: Tensor) => Tensor,
  wanted_BL: Tensor,
): Tensor {
  if (settings.csflMean === 'tokens') return loss(logits_BLV, wanted_BL);
  return meanOverScales(loss, logits_BLV, wanted_BL, scales.slice(firstScale));
}

/** Tokens [B, L] of the student's scales. */
export function studentTokens({ firstScale }: StudentPass, tokens: readonly Tensor[]): Tensor {
  return ops.cat(tokens.slice(firstScale), 1);
}

/** The part of pass 1's logits [B, A, V] that belongs to the student's scales. */
export function studentPart({ logits_BLV }: StudentPass, teacher_BAV: Tensor): Tensor {
  const length = logits_BLV.size(1);
  return teacher_BAV.narrow(1, teacher_BAV.size(1) - length, length);
}
