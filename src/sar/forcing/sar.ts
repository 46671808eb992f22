// Self-autoregressive refinement: L_SAR = L_TF + γ L_CSF. Pass 1 is teacher forcing; the rollout turns its predictions into the inputs of
// pass 2; the student is pulled to what pass 1 predicted with true inputs. One backward over all passes; nothing flows from a pass into those before it.
// Beyond the paper: with `rolloutSteps` over 1 the rollout goes on, pass 3 is fed with what pass 2 predicted, and L_CSF is Σ d^(k−1) L_CSF,k over the student
// passes k, d being `rolloutDamping`. Every student is pulled to pass 1. With an `ownShare` below 1 a student sees true tokens beside its own.
import { ops, type Tensor } from '../../torch/index.js';
import { dropLabels, type Forcing, type ForcingResult, fullPass, inputsFor, labelsOfNextPass } from '../context.js';
import { contrastiveStudentForcingLoss, distributionLoss, teacherForcingLoss } from '../losses.js';
import { scaleMeasures } from '../measures.js';
import { chooseTokens, fedTokens, guidedLogits, rollOn, rollout } from '../rollout.js';
import { studentLoss, studentPart, studentPass, studentPasses, studentTokens } from '../student.js';

export const sar: Forcing = (context): ForcingResult => {
  const { targets, scales, settings } = context;
  const { gamma, rolloutDamping, csflTarget } = settings;
  const labels_B = dropLabels(context);
  const inputs_BLE = inputsFor(context, targets);

  const teacher_BLV = fullPass(context, labels_B, inputs_BLE); // pass 1
  const teacherLoss = teacherForcingLoss(teacher_BLV, targets);
  const parts: Record<string, Tensor> = { loss_teacher: teacherLoss, ...scaleMeasures(context, teacher_BLV) };
  if (gamma === 0) return { loss: teacherLoss, parts };

  const guided = csflTarget === 'guided-distribution' ? guidedLogits(context, teacher_BLV, inputs_BLE) : undefined;
  const chosen = guided?.map((one) => chooseTokens(context, one)) ?? rollout(context, teacher_BLV, inputs_BLE);
  const wanted_BLV = guided ? ops.cat(guided, 1) : teacher_BLV;

  let loss = teacherLoss;
  let own: readonly Tensor[] = chosen;
  const passes = studentPasses(settings, scales);
  for (let k = 1; k <= passes; k++) {
    const student = studentPass(context, labelsOfNextPass(context, labels_B), fedTokens(context, own), k)!; // pass k + 1
    const csf =
      csflTarget === 'tokens'
        ? studentLoss(context, student, contrastiveStudentForcingLoss, studentTokens(student, chosen))
        : studentLoss(context, student, distributionLoss, studentPart(student, wanted_BLV));
    loss = loss.add(csf.mul(gamma * rolloutDamping ** (k - 1)));
    parts[k === 1 ? 'loss_csf' : `loss_csf_${k}`] = csf;
    if (k < passes) own = rollOn(context, student, own);
  }
  return { loss, parts };
};
