// Student forcing: a sequential rollout feeds the model its own predictions at every scale; the targets stay the ground truth.
import { dropLabels, type Forcing, type ForcingContext, type ForcingResult, fullPass, inputsFor } from '../context.js';
import { teacherForcingLoss } from '../losses.js';
import { scaleMeasures } from '../measures.js';
import { sequentialTokens } from '../sequential.js';

/** Ground-truth cross-entropy of a pass whose scales are fed by predictions where `isStudent` says so. */
export function sequentialStudent(context: ForcingContext, isStudent: (index: number) => boolean): ForcingResult {
  const labels_B = dropLabels(context);
  const tokens = sequentialTokens(context, labels_B, isStudent);
  const logits_BLV = fullPass(context, labels_B, inputsFor(context, tokens));
  const loss = teacherForcingLoss(logits_BLV, context.targets);
  return { loss, parts: { loss_student: loss, ...scaleMeasures(context, logits_BLV) } };
}

export const student: Forcing = (context) => sequentialStudent(context, () => true);
