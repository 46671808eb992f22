// Weights and images from a formula: what golden values were computed on, so that no weights have to be stored.
import { scope, type Tensor, tensor } from '../torch/index.js';
import type { Module } from '../nn/index.js';

/** FNV-1a, 32 bits, of an ASCII name. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function fill(out: Float32Array | Float64Array, name: string, seed: number, offset: number, bound: number): void {
  let x0 = (nameHash(name) + Math.imul(seed, 0x85ebca6b)) >>> 0;
  for (let i = 0; i < out.length; i++) {
    let x = x0;
    x0 = (x0 + 0x9e3779b1) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    const u = ((x ^ (x >>> 16)) >>> 0) / 2147483648 - 1;
    out[i] = offset + bound * u;
  }
}

/** The hash sequence of a name: `count` numbers u in [−1, 1), computed in float64, as offset + bound · u rounded to float32. */
export function hashSequence(name: string, count: number, seed: number, offset = 0, bound = 1): Float32Array {
  const out = new Float32Array(count);
  fill(out, name, seed, offset, bound);
  return out;
}

/** The hash sequence in full float64 precision, where later arithmetic is done in it. */
export function hashSequence64(name: string, count: number, seed: number): Float64Array {
  const out = new Float64Array(count);
  fill(out, name, seed, 0, 1);
  return out;
}

/** Offset and bound of a tensor by its state-dict name and shape. */
function range(name: string, shape: readonly number[]): [offset: number, bound: number] {
  if (/(^|\.)(embedding|class_emb)\.weight$/.test(name)) return [0, 1];
  if (['lvl_embed.weight', 'pos_start', 'pos_1LC'].includes(name)) return [0, 0.5];
  if (name.endsWith('scale_mul_1H11')) return [Math.log(4), 0.1];
  if (name.endsWith('ada_gss')) return [0, 0.5];
  if (shape.length <= 1) return name.endsWith('weight') ? [1, 0.1] : [0, 0.05];
  return [0, Math.sqrt(3 / shape.slice(1).reduce((a, b) => a * b, 1))];
}

/** Fills every parameter with hash weights, except FlexVAR's position map (four dimensions), which keeps its sine-cosine initial value. */
export function hashWeights(model: Module, seed: number): void {
  for (const [name, parameter] of model.namedParameters()) {
    const shape = parameter.shape;
    if (name === 'pos_1LC' && shape.length === 4) continue;
    const [offset, bound] = range(name, shape);
    scope(() => {
      const values = tensor(hashSequence(name, parameter.numel, seed, offset, bound), { shape });
      parameter.detach().copy_(values);
    });
  }
}

/** `count` images [count, 3, size, size] in [−1, 1]: sums of six waves a channel. */
export function hashImages(count: number, size: number, seed: number): Tensor {
  const waves = hashSequence64('images', count * 3 * 6 * 4, seed);
  const out = new Float32Array(count * 3 * size * size);
  for (let plane = 0; plane < count * 3; plane++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = 0;
        for (let wave = 0; wave < 6; wave++) {
          const at = (plane * 6 + wave) * 4;
          const [fx, fy, phase, amplitude] = [waves[at]!, waves[at + 1]!, waves[at + 2]!, waves[at + 3]!];
          sum +=
            (amplitude / 3) * Math.sin(2 * Math.PI * ((4 * fx * x) / size + (4 * fy * y) / size) + Math.PI * phase);
        }
        out[(plane * size + y) * size + x] = Math.max(-1, Math.min(1, sum));
      }
    }
  }
  return tensor(out, { shape: [count, 3, size, size] });
}
