// Means, spreads and intervals of few repetitions. Arms of one seed saw the same batches, so differences are paired by seed.

/** Mean and sample standard deviation of some values, and the half width of the mean's 95 % interval (Student's t); 0 and infinite for one value. */
export interface Summary {
  count: number;
  mean: number;
  deviation: number;
  halfWidth: number;
}

/** Student's t, two-sided 95 %, for 1 to 10 degrees of freedom; the normal quantile with Fisher's correction beyond. */
const studentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

function quantile(degrees: number): number {
  const z = 1.959964;
  return studentT[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees);
}

/** Summarises at least one value. */
export function summarise(values: readonly number[]): Summary {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  if (count === 1) return { count, mean, deviation: 0, halfWidth: Infinity };
  const deviation = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1));
  return { count, mean, deviation, halfWidth: (quantile(count - 1) * deviation) / Math.sqrt(count) };
}

/** Mean ± standard deviation as a cell; the mean alone of one value, and a dash where it is no number. */
export function spreadText({ count, mean, deviation }: Summary, digits: number): string {
  if (!Number.isFinite(mean)) return '–';
  return count === 1 ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

/** Relative differences in per cent, paired: how far each value lies above (+) or below (−) its control. */
export function relativeDifferences(values: readonly number[], controls: readonly number[]): number[] {
  return values.map((value, i) => 100 * (value / controls[i]! - 1));
}

/** A mean with its 95 % interval as a cell: `−5.2 % [−7.0, −3.4]`; a dash where it is no number. */
export function intervalText({ count, mean, halfWidth }: Summary): string {
  if (!Number.isFinite(mean)) return '–';
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
  if (count === 1) return `${signed(mean)} %`;
  return `${signed(mean)} % [${signed(mean - halfWidth)}, ${signed(mean + halfWidth)}]`;
}

/** Whether a difference's interval leaves out zero, as a word: `lower`, `higher`, or that nothing is shown. */
export function verdictOf({ mean, halfWidth }: Summary): 'lower' | 'higher' | 'no difference shown' {
  if (!(Math.abs(mean) > halfWidth)) return 'no difference shown';
  return mean < 0 ? 'lower' : 'higher';
}
