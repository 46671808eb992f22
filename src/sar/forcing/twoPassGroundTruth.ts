// SAR's two passes, but the student's target is the ground truth: the arm that shows what the contrastive target is for.
import { dropLabels, type Forcing, type ForcingResult, fullPass, inputsFor, labelsOfNextPass } from '../context.js';
import { contrastiveStudentForcingLoss, teacherForcingLoss } from '../losses.js';
import { scaleMeasures } from '../measures.js';
import { fedTokens, rollout } from '../rollout.js';
import { studentLoss, studentPass, studentTokens } from '../student.js';

export const twoPassGroundTruth: Forcing = (context): ForcingResult => {
  const { targets, settings } = context;
  const labels_B = dropLabels(context);
  const inputs_BLE = inputsFor(context, targets);
  const teacher_BLV = fullPass(context, labels_B, inputs_BLE);
  const teacherLoss = teacherForcingLoss(teacher_BLV, targets);
  const parts = { loss_teacher: teacherLoss, ...scaleMeasures(context, teacher_BLV) };
  const chosen = rollout(context, teacher_BLV, inputs_BLE);
  const student = studentPass(context, labelsOfNextPass(context, labels_B), fedTokens(context, chosen));
  if (!student) return { loss: teacherLoss, parts };
  const toTruth = studentLoss(context, student, contrastiveStudentForcingLoss, studentTokens(student, targets));
  const loss = teacherLoss.add(toTruth.mul(settings.gamma));
  return { loss, parts: { ...parts, loss_student: toTruth } };
};
