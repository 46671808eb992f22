// What a training step of each forcing strategy costs, in forward passes F: teacher 3 F; SAR 6 F, and one F more for the guided rollout's null
// pass; every further student pass 3 F and its null pass; the sequential students 4 F. The tokenizer's work (encoding, pyramids) is not the
// generator's and is not counted.
import { forwardFlops, lastScaleFlops, trainingFactor, type TransformerConfig } from '../models/index.js';
import type { Scales } from '../tokenizers/index.js';
import type { SarSettings } from './settings.js';
import { studentPasses } from './student.js';

/** What a step is made on. */
interface StepSize {
  config: TransformerConfig;
  batch: number;
  scales: Scales;
  /** Number of the step, from 0: `alternate-steps` asks for it. */
  step: number;
}

/** Operations of pass 2, forward and backward; none where there is one scale, which has no student. */
function studentFlops({ config, batch, scales }: StepSize, { studentContext }: SarSettings): number {
  if (scales.length === 1) return 0;
  return studentContext === 'last-scale'
    ? trainingFactor * lastScaleFlops(config, batch, scales)
    : trainingFactor * forwardFlops(config, batch, scales, studentContext);
}

/** Floating-point operations of the generator in one training step: forward, backward, and the passes without gradient. */
export function stepFlops(size: StepSize, settings: SarSettings): number {
  const { config, batch, scales, step } = size;
  const forward = forwardFlops(config, batch, scales);
  const teacher = trainingFactor * forward;
  const sequential = forward + teacher;
  const student = studentFlops(size, settings);
  const guided = settings.tokens.guidance !== null; // the null class has a pass of its own, over what it is to guide
  const visibility = settings.studentContext === 'own-scale' ? 'own-scale' : 'causal';
  const deeper = student + (guided ? forwardFlops(config, batch, scales, visibility) : 0);
  const students = (passes: number) => (guided ? forward : 0) + student + (passes - 1) * deeper;
  switch (settings.forcing) {
    case 'teacher':
      return teacher;
    case 'student':
    case 'alternate-scales':
    case 'hybrid':
      return sequential;
    case 'alternate-steps':
      return step % 2 === 0 ? teacher : sequential;
    case 'two-pass-ground-truth':
      return teacher + students(1);
    case 'sar':
      return settings.gamma === 0 ? teacher : teacher + students(Math.max(1, studentPasses(settings, scales)));
  }
}
