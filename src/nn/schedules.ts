// Learning-rate and weight-decay schedules of the published training code, as functions of the iteration.

/** The shapes of the learning rate after warm-up. `lin0` holds the peak for 5 %, then falls in a straight line. */
export const learningRateShapes = ['lin0', 'lin00', 'lin', 'cos', 'exp', 'constant'] as const;
export type LearningRateShape = (typeof learningRateShapes)[number];

/** A learning-rate schedule; iterations count from 0. */
export interface LearningRateSchedule {
  shape: LearningRateShape;
  /** Highest learning rate. */
  peak: number;
  iterations: number;
  warmupIterations: number;
  /** Fraction of the peak at the first iteration. */
  warmupStart: number;
  /** Fraction of the peak at the last iteration. */
  end: number;
}

const plateau = 0.15; // share of the training that `lin` and `exp` spend at the peak

function decline(shape: LearningRateShape, progress: number, end: number): number {
  const line = (from: number) => (progress < from ? 1 : end + ((1 - end) * (1 - progress)) / (1 - from));
  switch (shape) {
    case 'lin0':
      return line(0.05);
    case 'lin00':
      return line(0);
    case 'lin':
      return line(plateau);
    case 'cos':
      return end + (1 - end) * (0.5 + 0.5 * Math.cos(Math.PI * progress));
    case 'exp':
      return progress < plateau ? 1 : end ** ((progress - plateau) / (1 - plateau));
    case 'constant':
      return 1;
  }
}

/** The learning rate of one iteration. */
export function learningRate(schedule: LearningRateSchedule, iteration: number): number {
  const { shape, peak, iterations, warmupIterations, warmupStart, end } = schedule;
  if (iteration < warmupIterations) return peak * (warmupStart + ((1 - warmupStart) * iteration) / warmupIterations);
  const progress = (iteration - warmupIterations) / Math.max(iterations - 1 - warmupIterations, 1);
  return peak * decline(shape, Math.min(progress, 1), end);
}

/** Weight decay of one iteration: a half cosine from `start` to `end`. */
export function weightDecay(start: number, end: number, iteration: number, iterations: number): number {
  const progress = Math.min(iteration / Math.max(iterations - 1, 1), 1);
  return end + (start - end) * (0.5 + 0.5 * Math.cos(Math.PI * progress));
}
