// Whether images are enough to tell two models apart, from a metric's standard error and how it depends on the count.
import type { Estimate } from './bootstrap.js';
import type { Extrapolation } from './extrapolate.js';

// A two-sided test at 5 % finds a difference of this many of its standard errors in 80 % of cases: 1.960 + 0.842, normal quantiles
const errorsToTell = 2.8016;

/** The smallest difference that is found in 80 % of cases by a test at 5 %, given the standard error of a difference. */
export function smallestDetectable(deviationOfDifference: number): number {
  return errorsToTell * deviationOfDifference;
}

/** Images of either model that would tell a difference apart where `count` gave this standard error: an error falls with the root of the count. */
export function imagesToDetect(count: number, deviationOfDifference: number, difference: number): number {
  return Math.ceil(count * (smallestDetectable(deviationOfDifference) / difference) ** 2);
}

/** What a count of images is good for. */
export interface CountAssessment {
  /** The smallest difference that two models of as many images, drawn independently, show reliably. */
  detectable: number;
  /** How much of the value is owed to the count (slope / N), where the line is known. */
  bias: number | undefined;
  /** Sentences, one for each thing to beware of; none where the count is large enough. */
  warnings: string[];
}

/** The difference that is asked for where none is given, as a share of the value. */
const askedShare = 0.05;

/**
 * Judges whether `count` images are enough.
 * @param estimate the metric of one model with its standard error (`bootstrap`)
 * @param options.line the same metric's `extrapolate`, to tell the bias
 * @param options.width dimensions of the features of a Fréchet distance
 * @param options.difference the difference that is to be told apart; 5 % of the value by default
 */
export function assessCount(
  estimate: Pick<Estimate, 'value' | 'deviation'>,
  count: number,
  options: { metric: string; line?: Pick<Extrapolation, 'slope'>; width?: number; difference?: number },
): CountAssessment {
  const { metric, line, width = 0, difference = askedShare * Math.abs(estimate.value) } = options;
  const deviation = Math.SQRT2 * estimate.deviation; // of a difference of two
  const detectable = smallestDetectable(deviation);
  const isNothing = Math.abs(estimate.value) < 1.96 * estimate.deviation; // of no difference from the reference, a share says nothing
  const bias = line ? line.slope / count : undefined;
  const show = (value: number) => Number(value.toPrecision(3)).toString();
  const warnings: string[] = [];
  if (detectable > difference && !isNothing)
    warnings.push(
      `${metric}: ${count} images are too few to tell models apart that differ by ${show(difference)}: drawn independently, they must differ by ${show(detectable)}; ` +
        `about ${imagesToDetect(count, deviation, difference)} images of each would do.`,
    );
  if (bias !== undefined && Math.abs(bias) > difference && !isNothing)
    warnings.push(
      `${metric}: about ${show(bias)} of ${show(estimate.value)} is owed to the count of ${count} images; compare it with values at the same count only, or compare the extrapolations.`,
    );
  if (count <= width)
    warnings.push(
      `${metric}: ${count} images cannot fill ${width} dimensions, and their covariance is singular: the value says little, and its extrapolation is not to be relied on.`,
    );
  return { detectable, bias, warnings };
}
