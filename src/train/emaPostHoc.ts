// Any average of the weights afterwards, from snapshots of a few (arXiv 2312.02696, section 3.2 and appendix C.3): the profile wanted as a sum of
// the snapshots' profiles, by least squares.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openWeightsFile, writeSafetensors } from '../formats/index.js';
import { type OpenWeights, openWeights } from '../nn/index.js';
import { ops, scope, tensor, zeros } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { gammaOf } from './ema.js';

/** A power function of steps: γ, and the step at which the average was taken. */
export interface Profile {
  gamma: number;
  step: number;
}

/** An average that was kept. */
export interface EmaSnapshot extends Profile {
  path: string;
  /** Relative width. */
  sigma: number;
}

/** ∫ p_a p_b of two profiles p(τ) = (γ + 1) τ^γ / t^(γ + 1), 0 ≤ τ ≤ t (equation 155 in another form). */
export function innerProduct(a: Profile, b: Profile): number {
  const [first, last] = a.step <= b.step ? [a, b] : [b, a];
  const factor = ((a.gamma + 1) * (b.gamma + 1)) / (a.gamma + b.gamma + 1);
  return (factor * (first.step / last.step) ** last.gamma) / last.step;
}

/** How a profile is made of others. */
export interface Synthesis {
  /** A factor for each of them. */
  weights: number[];
  /** What is missing: the norm of the difference as a share of the profile's. */
  residual: number;
}

/** Directions in which profiles of unit length differ less than this (squared) are left out: they would only amplify rounding. */
const smallest = 1e-10;

/** The sum of `profiles` that is nearest to `target`, in float64. */
export function synthesise(profiles: readonly Profile[], target: Profile): Synthesis {
  const lengths = profiles.map((one) => Math.sqrt(innerProduct(one, one)));
  const own = Math.sqrt(innerProduct(target, target));
  return scope(() => {
    const float64 = { dtype: 'float64' } as const;
    const gram = tensor(profiles.map((a, i) => profiles.map((b, j) => innerProduct(a, b) / lengths[i]! / lengths[j]!)), float64); // prettier-ignore
    const wanted = tensor(
      profiles.map((one, i) => innerProduct(one, target) / lengths[i]! / own),
      float64,
    );
    const [values, vectors] = gram.linalgEigh();
    const inverse = ops.where(values.gt(smallest), values.reciprocal(), 0);
    const solution = vectors.mv(vectors.t().mv(wanted).mul(inverse));
    const difference = 1 - 2 * solution.dot(wanted).item() + solution.dot(gram.mv(solution)).item();
    const weights = solution.toArray().map((one, i) => (one * own) / lengths[i]!);
    return { weights, residual: Math.sqrt(Math.max(difference, 0)) };
  });
}

/** The snapshots in a folder, in the order of steps. */
export function listSnapshots(folder: string): EmaSnapshot[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : [];
  return files.sort().flatMap((name) => {
    const path = join(folder, name);
    using file = openWeightsFile(path);
    const { ema_sigma: sigma, ema_step: step } = file.metadata;
    if (sigma === undefined || step === undefined) return [];
    return { path, sigma: Number(sigma), gamma: gammaOf(Number(sigma)), step: Number(step) };
  });
}

/** The sum of one tensor of all files, each times its weight; added up in float64. */
function weightedSum(files: readonly OpenWeights[], weights: readonly number[], name: string): Uint8Array {
  return scope(() => {
    const sum = zeros(files[0]!.shapes.get(name)!, { dtype: 'float64' });
    files.forEach((file, i) => {
      using read = file.tensor(name);
      sum.add_(read, { alpha: weights[i]! });
    });
    return sum.to('float32').bytes();
  });
}

/** Files of one model: the first one's description, tensors and shapes are all the others'. */
function checkAlike(files: readonly OpenWeights[]): void {
  const what = ({ metadata, shapes }: OpenWeights) =>
    JSON.stringify([metadata['family'], metadata['config'], ...shapes]);
  const other = files.find((one) => what(one) !== what(files[0]!));
  if (other) throw new UsageError(`${other.path}: it is of another model than ${files[0]!.path}; keep one run’s snapshots in a folder`); // prettier-ignore
}

/**
 * Writes the average of a width at a step, made of a run's snapshots up to then, as a file that loads as the model does.
 * @throws UsageError where there is no snapshot so early, or they are not all of one model
 */
export function writeAverage(
  snapshots: readonly EmaSnapshot[],
  { sigma, step }: { sigma: number; step: number },
  path: string,
): Synthesis {
  const used = snapshots.filter((one) => one.step <= step);
  if (!used.length) throw new UsageError(`--step: there is no snapshot up to step ${step}; --list shows which there are`); // prettier-ignore
  const found = synthesise(used, { gamma: gammaOf(sigma), step });
  const files: OpenWeights[] = [];
  try {
    for (const one of used) files.push(openWeights(one.path));
    checkAlike(files);
    const [first] = files as [OpenWeights];
    const tensors = Array.from(first.shapes, ([name, shape]) => {
      const bytes = () => weightedSum(files, found.weights, name);
      return [name, { dtype: 'F32' as const, shape, bytes }] as const;
    });
    writeSafetensors(path, new Map(tensors), { ...first.metadata, ema_sigma: String(sigma), ema_step: String(step) });
  } finally {
    for (const one of files) one.close();
  }
  return found;
}
