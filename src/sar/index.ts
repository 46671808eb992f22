// Self-autoregressive refinement (SAR, arXiv 2512.06421): rollout, losses, and the forcing strategies it is compared with.
export { type Forcing, type ForcingContext, type ForcingResult, fullPass, inputsFor } from './context.js';
export { stepFlops } from './flops.js';
export { forcings } from './forcing/index.js';
export {
  contrastiveStudentForcingLoss,
  distributionLoss,
  meanOverScales,
  teacherForcingLoss,
  tokenDivergences,
} from './losses.js';
export { guidedLogits, rollOn, rollout, splitScales, trainingGuidance } from './rollout.js';
export {
  type ForcingName,
  forcingNames,
  type SarSettings,
  sarSettings,
  type StudentContext,
  studentContexts,
} from './settings.js';
export { type StudentPass, studentPass, studentTokens } from './student.js';
