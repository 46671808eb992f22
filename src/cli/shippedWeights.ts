// The small weights that come with Scalewise.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../util/errors.js';

const folder = fileURLToPath(new URL('../../weights/fashion-mnist/', import.meta.url));

/** Path of the shipped generator (after SAR by default); its tokenizer lies beside it. */
export function shippedWeights(name: 'generator' | 'generator-sar' = 'generator-sar'): string {
  const path = `${folder}${name}.safetensors`;
  if (existsSync(path)) return path;
  throw new UsageError(`--generator: ${path} is missing; give a trained generator, or fetch the whole project again`);
}
