// Reference statistics as ADM's evaluator publishes them: an `.npz` of `mu`, `sigma` (pooled features) and `mu_s`, `sigma_s` (spatial ones).
// Legend: D feature dimensions.
import { type NpyArray, NpzFile } from '../formats/index.js';
import { scope, type Tensor, tensorFromBytes } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { FeatureStatistics } from './statistics.js';

/** What FID and sFID compare with. */
export interface ReferenceStatistics {
  pooled: FeatureStatistics;
  /** Undefined where the file has none. */
  spatial: FeatureStatistics | undefined;
}

/** A float32 or float64 array as float64. */
function wide(where: string, { type, shape, bytes }: NpyArray): Tensor {
  if (type !== '<f4' && type !== '<f8')
    throw new UsageError(`${where}: expected floating-point numbers (<f4 or <f8), found ${type}`);
  return scope(() => tensorFromBytes(bytes, type === '<f8' ? 'float64' : 'float32', shape).to('float64'));
}

async function read(path: string, file: NpzFile, mean: string, covariance: string): Promise<FeatureStatistics> {
  const [D, ...rest] = file.arrays.get(mean)!.shape;
  const found = file.arrays.get(covariance)!.shape.join(', ');
  if (D === undefined || rest.length || found !== `${D}, ${D}`)
    throw new UsageError(`${path}: expected '${mean}' [D] and '${covariance}' [D, D], found [${[D ?? [], ...rest].flat().join(', ')}] and [${found}]`); // prettier-ignore
  return {
    count: undefined,
    mean_D: wide(`${path}: ${mean}`, await file.read(mean)),
    covariance_DD: wide(`${path}: ${covariance}`, await file.read(covariance)),
  };
}

/**
 * Reads such a file (Dhariwal and Nichol 2021, the evaluator's `VIRTUAL_*` references). Other arrays in it, such as the images, are left alone.
 * @throws UsageError where `mu` or `sigma` lacks, or shapes do not fit
 */
export async function readReferenceStatistics(path: string): Promise<ReferenceStatistics> {
  using file = await NpzFile.open(path);
  for (const name of ['mu', 'sigma'])
    if (!file.arrays.has(name))
      throw new UsageError(`${path}: expected statistics of a reference (mu, sigma), found ${[...file.arrays.keys()].join(', ')}; compute them from its images`); // prettier-ignore
  const pooled = await read(path, file, 'mu', 'sigma');
  const both = file.arrays.has('mu_s') && file.arrays.has('sigma_s');
  return { pooled, spatial: both ? await read(path, file, 'mu_s', 'sigma_s') : undefined };
}
