// Teacher forcing: true inputs at every scale, the ground truth as target. The baseline, and pass 1 of SAR.
import { dropLabels, type Forcing, fullPass, inputsFor } from '../context.js';
import { teacherForcingLoss } from '../losses.js';
import { scaleMeasures } from '../measures.js';

export const teacher: Forcing = (context) => {
  const logits_BLV = fullPass(context, dropLabels(context), inputsFor(context, context.targets));
  const loss = teacherForcingLoss(logits_BLV, context.targets);
  return { loss, parts: { loss_teacher: loss, ...scaleMeasures(context, logits_BLV) } };
};
