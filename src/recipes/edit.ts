// Editing images with a generator that was trained for nothing of the kind: in- and out-painting, edits of a class, refinement, interpolation.
// Images are sampled one by one: each is the same whatever else is asked for.
import { toImages } from '../data/index.js';
import { type Cell, cellsOf } from '../evaluate/index.js';
import { classPath, givenFromImage, givenUpTo, type Label } from '../sampling/index.js';
import { picturesOf, type Scales, sizeOf, type Tokenizer } from '../tokenizers/index.js';
import { noGrad, scope, type Tensor, tensor } from '../torch/index.js';
import { type Canvas, pasteBack } from './canvas.js';
import { type Pair, sampleCells, type SamplingSettings } from './pictures.js';

/** Height and width, in pixels, of what some scales make. */
export function canvasSize({ stride }: Tokenizer, scales: Scales): [height: number, width: number] {
  const [height, width] = sizeOf(scales.at(-1)!);
  return [height * stride, width * stride];
}

/** How many of the scales an image of `height` × `width` pixels has detail for: at least one, at most all but the last. */
export function scalesWithin(tokenizer: Tokenizer, scales: Scales, height: number, width: number): number {
  const fits = (one: readonly [number, number]) => one[0] <= height && one[1] <= width;
  const count = scales.filter((scale) => fits(canvasSize(tokenizer, [scale]))).length;
  return Math.max(1, Math.min(count, scales.length - 1));
}

/** A canvas's image [1, 3, H, W] in [−1, 1]. */
function imageOf({ pixels, height, width }: Canvas, device = 'cpu'): Tensor {
  return scope(() => toImages(tensor(pixels, { shape: [1, 3, height, width] })).to({ device }));
}

/** Variants of a canvas, one a seed: its pixels that stay give their tokens at every scale, the others are sampled. */
export function paintedCells(
  pair: Pair,
  canvas: Canvas,
  label: Label,
  seeds: readonly number[],
  settings: SamplingSettings,
  feather?: number,
): Cell[] {
  return scope(() => {
    const { height, width, keep } = canvas;
    const keep_HW = tensor(Float32Array.from(keep), { shape: [height, width] }).to({ device: settings.device });
    const given = givenFromImage(pair.tokenizer, imageOf(canvas, settings.device), settings.scales, keep_HW);
    const labels = seeds.map(() => label);
    const cells = [...sampleCells(pair, labels, seeds, { ...settings, given }, 1)];
    return feather === undefined ? cells : cells.map((cell) => pasteBack(cell, canvas, feather));
  });
}

/** An image whose first scales are kept: what these alone amount to, and variants with the later scales sampled, one a seed. */
export function refinedCells(
  pair: Pair,
  canvas: Canvas,
  keptScales: number,
  label: Label,
  seeds: readonly number[],
  settings: SamplingSettings,
): { start: Cell; cells: Cell[] } {
  return scope(() => {
    const { tokenizer } = pair;
    const { scales } = settings;
    const all = givenFromImage(tokenizer, imageOf(canvas, settings.device), scales);
    const kept = all.slice(0, keptScales).map(({ indices_BN }) => indices_BN);
    const start_13HW = noGrad(() => picturesOf(tokenizer, kept, scales).at(-1)!);
    const labels = seeds.map(() => label);
    const given = givenUpTo(all, keptScales);
    return { start: cellsOf(start_13HW)[0]!, cells: [...sampleCells(pair, labels, seeds, { ...settings, given }, 1)] };
  });
}

/** Images on the way along classes: rows of `steps`, one row a seed, which all images of a row share. */
export function interpolatedCells(
  pair: Pair,
  classes: readonly number[],
  steps: number,
  seeds: readonly number[],
  settings: SamplingSettings,
): Cell[] {
  const path = classPath(classes, steps);
  const labels = seeds.flatMap(() => path);
  return [...sampleCells(pair, labels, seeds.flatMap((seed) => path.map(() => seed)), settings, 1)]; // prettier-ignore
}
