// What the graphs are given at each scale besides tokens and caches: matrices that resize maps. They are read off the library's own resizing.
// Legend: n sides before, m after.
import { areaResize, bicubicResize } from '../nn/index.js';
import { guidanceWeights } from '../sampling/index.js';
import type { ScaleTransformer } from '../models/index.js';
import { phiOfScales, type Scale, type Scales, sizeOf, type Tokenizer, VarTokenizer } from '../tokenizers/index.js';
import { eye, noGrad, scope, type Tensor } from '../torch/index.js';
import type { ConstantInput, ConstantInputs, ScaleDescription } from './description.js';

type Resize = typeof areaResize;

/** The matrix [m, n] by which a side of n is resized to m: what becomes of each unit vector. */
function matrixOf(resize: Resize, n: number, m: number): Tensor {
  return resize(eye(n).view([1, n, n, 1]), [m, 1])
    .view([n, m])
    .t();
}

function input(matrix: Tensor): ConstantInput {
  // the shortest decimals that are these float32 numbers again
  const data = matrix.toArray().map((value) => Number(value.toPrecision(9)));
  return { type: 'float32', dims: matrix.shape, data };
}

/** Matrices that resize maps of a size to another, as `rows` [h', h] and `columns` [w, w']. */
function matrices(prefix: string, resize: Resize, from: Scale, to: Scale): ConstantInputs {
  const [[fromHeight, fromWidth], [toHeight, toWidth]] = [sizeOf(from), sizeOf(to)];
  return noGrad(() =>
    scope(() => ({
      [`${prefix}rows`]: input(matrixOf(resize, fromHeight, toHeight)),
      [`${prefix}columns`]: input(matrixOf(resize, fromWidth, toWidth).t()),
    })),
  );
}

/** The generator's further inputs: how FlexVAR's map of positions is resized. */
function generatorInputs(generator: ScaleTransformer, scale: Scale): ConstantInputs {
  if (generator.family !== 'flexvar') return {};
  return matrices('', areaResize, generator.stateDict().get('pos_1LC')!.size(2), scale);
}

/** The pyramid's further inputs; after the last scale, where there is no next one, the latent stays as it is. */
function pyramidInputs(tokenizer: Tokenizer, scales: Scales, index: number): ConstantInputs {
  const [scale, last] = [scales[index]!, scales.at(-1)!];
  const next = scales[index + 1] ?? last;
  if (!(tokenizer instanceof VarTokenizer)) return matrices('next.', bicubicResize, scale, next);
  const phi = phiOfScales(scales.length, tokenizer.config.phis)[index]!;
  return {
    ...matrices('next.', areaResize, last, next),
    ...matrices('full.', bicubicResize, scale, last),
    phi: { type: 'int32', dims: [], data: [phi] },
  };
}

/** All scales as a sampler needs them. */
export function describeScales(generator: ScaleTransformer, tokenizer: Tokenizer, scales: Scales): ScaleDescription[] {
  const { habits } = generator;
  const ramp = guidanceWeights({ shape: 'ramp', scale: 1 }, scales, habits);
  return scales.map((scale, i) => ({
    size: [...sizeOf(scale)],
    guidance: ramp[i]!,
    draws: habits.draws(scale),
    generator: generatorInputs(generator, scale),
    pyramid: pyramidInputs(tokenizer, scales, i),
  }));
}
