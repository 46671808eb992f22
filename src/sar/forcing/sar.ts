// Self-autoregressive refinement: L_SAR = L_TF + γ L_CSF. Pass 1 is teacher forcing; the rollout turns its predictions into the inputs of
// pass 2; the student is pulled to what pass 1 predicted with true inputs. One backward over both passes; nothing flows from pass 2 into pass 1.
import { dropLabels, type Forcing, type ForcingResult, fullPass, inputsFor, labelsOfNextPass } from '../context.js';
import { contrastiveStudentForcingLoss, distributionLoss, teacherForcingLoss } from '../losses.js';
import { scaleMeasures } from '../measures.js';
import { rollout } from '../rollout.js';
import { studentPart, studentPass, studentTokens } from '../student.js';

export const sar: Forcing = (context): ForcingResult => {
  const { targets, settings } = context;
  const labels_B = dropLabels(context);
  const inputs_BLE = inputsFor(context, targets);

  const teacher_BLV = fullPass(context, labels_B, inputs_BLE); // pass 1
  const teacherLoss = teacherForcingLoss(teacher_BLV, targets);
  const parts = { loss_teacher: teacherLoss, ...scaleMeasures(context, teacher_BLV) };
  if (settings.gamma === 0) return { loss: teacherLoss, parts };

  const chosen = rollout(context, teacher_BLV, inputs_BLE);
  const student = studentPass(context, labelsOfNextPass(context, labels_B), chosen); // pass 2
  if (!student) return { loss: teacherLoss, parts };

  const studentLoss =
    settings.csflTarget === 'tokens'
      ? contrastiveStudentForcingLoss(student.logits_BLV, studentTokens(student, chosen))
      : distributionLoss(student.logits_BLV, studentPart(student, teacher_BLV));
  const loss = teacherLoss.add(studentLoss.mul(settings.gamma));
  return { loss, parts: { ...parts, loss_csf: studentLoss } };
};
