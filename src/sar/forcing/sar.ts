// Self-autoregressive refinement: L_SAR = L_TF + γ L_CSF. Pass 1 is teacher forcing; the rollout turns its predictions into the inputs of
// pass 2; the student is pulled to what pass 1 predicted with true inputs. One backward over all passes; nothing flows from a pass into those before it.
// Beyond the paper: with `rolloutSteps` over 1 the rollout goes on, pass 3 is fed with what pass 2 predicted, and L_CSF is Σ d^(k−1) L_CSF,k over the student
// passes k, d being `rolloutDamping`. Every student is pulled to pass 1.
import type { Tensor } from '../../torch/index.js';
import { dropLabels, type Forcing, type ForcingContext, type ForcingResult, fullPass, inputsFor, labelsOfNextPass } from '../context.js'; // prettier-ignore
import { contrastiveStudentForcingLoss, distributionLoss, meanOverScales, teacherForcingLoss } from '../losses.js';
import { scaleMeasures } from '../measures.js';
import { rollOn, rollout } from '../rollout.js';
import { studentPart, type StudentPass, studentPass, studentTokens } from '../student.js';

/** L_CSF of one student pass: against the tokens that pass 1 chose, or its distribution. */
function studentLoss(
  { settings, scales }: ForcingContext,
  student: StudentPass,
  chosen: readonly Tensor[],
  teacher_BLV: Tensor,
): Tensor {
  const [loss, target] =
    settings.csflTarget === 'tokens'
      ? ([contrastiveStudentForcingLoss, studentTokens(student, chosen)] as const)
      : ([distributionLoss, studentPart(student, teacher_BLV)] as const);
  if (settings.csflMean === 'tokens') return loss(student.logits_BLV, target);
  return meanOverScales(loss, student.logits_BLV, target, scales.slice(student.firstScale));
}

export const sar: Forcing = (context): ForcingResult => {
  const { targets, settings } = context;
  const labels_B = dropLabels(context);
  const inputs_BLE = inputsFor(context, targets);

  const teacher_BLV = fullPass(context, labels_B, inputs_BLE); // pass 1
  const teacherLoss = teacherForcingLoss(teacher_BLV, targets);
  const parts: Record<string, Tensor> = { loss_teacher: teacherLoss, ...scaleMeasures(context, teacher_BLV) };
  if (settings.gamma === 0) return { loss: teacherLoss, parts };

  const chosen = rollout(context, teacher_BLV, inputs_BLE);
  let loss = teacherLoss;
  let fed = chosen;
  for (let k = 1; k <= settings.rolloutSteps; k++) {
    const student = studentPass(context, labelsOfNextPass(context, labels_B), fed, k); // pass k + 1
    if (!student) break;
    const csf = studentLoss(context, student, chosen, teacher_BLV);
    loss = loss.add(csf.mul(settings.gamma * settings.rolloutDamping ** (k - 1)));
    parts[k === 1 ? 'loss_csf' : `loss_csf_${k}`] = csf;
    if (k < settings.rolloutSteps) fed = rollOn(context, student, fed);
  }
  return { loss, parts };
};
