// The losses of SAR: L_SAR = L_TF + γ L_CSF.
// Legend: B batch, N tokens of a scale, L tokens of several, V codes.
import { crossEntropy, inFloat32 } from '../nn/index.js';
import { type Scales, tokensOf } from '../tokenizers/index.js';
import { ops, type Tensor } from '../torch/index.js';

/** L_TF: cross-entropy against the ground truth, the mean over all tokens of all scales and over the batch. */
export function teacherForcingLoss(logits_BLV: Tensor, targets: readonly Tensor[]): Tensor {
  return crossEntropy(logits_BLV, ops.cat(targets, 1));
}

/** L_CSF with hard labels: cross-entropy of the student's logits against the very tokens that pass 1 chose. */
export function contrastiveStudentForcingLoss(student_BLV: Tensor, chosen_BL: Tensor): Tensor {
  return crossEntropy(student_BLV, chosen_BL);
}

/** KL(teacher ‖ student) [B, L] of every token's distribution, in nats; pass 1's gets no gradient. */
export function tokenDivergences(student_BLV: Tensor, teacher_BLV: Tensor): Tensor {
  return inFloat32(student_BLV.device, () => {
    const teacher = teacher_BLV.detach().to('float32').logSoftmax(-1);
    const student = student_BLV.to('float32').logSoftmax(-1);
    return teacher.exp().mul(teacher.sub(student)).sum([-1]);
  });
}

/** Beyond the paper: the divergence of the student's distribution from pass 1's (which gets no gradient), mean over tokens and batch. */
export function distributionLoss(student_BLV: Tensor, teacher_BLV: Tensor): Tensor {
  return inFloat32(student_BLV.device, () => tokenDivergences(student_BLV, teacher_BLV).mean());
}

/** A loss of sequences [B, L, …] that counts every scale the same: the mean over scales of the loss of each. */
export function meanOverScales(
  loss: (student_BNV: Tensor, target_BN: Tensor) => Tensor,
  student_BLV: Tensor,
  target_BL: Tensor,
  scales: Scales,
): Tensor {
  const sizes = scales.map(tokensOf);
  const targets = target_BL.splitWithSizes(sizes, 1);
  return ops.stack(student_BLV.splitWithSizes(sizes, 1).map((student_BNV, i) => loss(student_BNV, targets[i]!))).mean();
}
