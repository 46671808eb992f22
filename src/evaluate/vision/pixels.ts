// Images as vision transformers for features are shown them: resized as Pillow does it, then normalised.
// Legend: B images, H height, W width; h and w what they become.
import { scope, type Tensor, tensor } from '../../torch/index.js';

/** What a network subtracts from each colour in [0, 1], and what it divides by. */
export interface Normalisation {
  mean: readonly [red: number, green: number, blue: number];
  deviation: readonly [red: number, green: number, blue: number];
}

/** Keys' cubic convolution with a = −0.5, at a distance in pixels. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x >= 2) return 0;
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

const unit = 2 ** 22;
/** Halves away from zero. */
const nearest = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

/**
 * What each of `source` pixels adds to each of `wanted` new ones, [wanted, source] in row-major order: the cubic about the new pixel's centre, made
 * as wide as the new pixels are where those are larger, cut off at the border, summing up to 1. Pillow rounds them to multiples of 2⁻²², which are
 * whole numbers here.
 */
function resampling(source: number, wanted: number): Float64Array {
  const scale = source / wanted;
  const stretch = Math.max(scale, 1);
  const matrix = new Float64Array(wanted * source);
  for (let i = 0; i < wanted; i++) {
    const center = (i + 0.5) * scale;
    const first = Math.max(Math.floor(center - 2 * stretch + 0.5), 0);
    const end = Math.min(Math.floor(center + 2 * stretch + 0.5), source);
    const weights = Array.from({ length: end - first }, (_, at) => cubic((first + at + 0.5 - center) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, at) => { matrix[i * source + first + at] = nearest((weight / sum) * unit); }); // prettier-ignore
  }
  return matrix;
}

/** Sums of bytes times whole weights, which float64 holds exactly, as bytes: halves up, and what overshoots is cut off. */
const rounded = (sums_B3HW: Tensor): Tensor => sums_B3HW.div_(unit).add_(0.5).floor().clamp_(0, 255);

/**
 * Bicubic resize of bytes [B, 3, H, W] as Pillow 10 does it (rows first, averaging where images become smaller, rounded to bytes after each of both
 * passes), to the last bit: whole numbers 0 … 255 [B, 3, h, w] in float32. Stein et al. (arXiv 2306.04675) resize so for FD-DINOv2.
 */
export function resizeLikePillow(bytes_B3HW: Tensor, [height, width]: readonly [number, number]): Tensor {
  const { device } = bytes_B3HW;
  const [oldHeight, oldWidth] = [bytes_B3HW.size(2), bytes_B3HW.size(3)];
  const matrix = (source: number, wanted: number) => tensor(resampling(source, wanted), { shape: [wanted, source], device }); // prettier-ignore
  return scope(() => {
    let image_B3HW = bytes_B3HW.to('float64');
    if (oldWidth !== width) image_B3HW = rounded(image_B3HW.matmul(matrix(oldWidth, width).t()));
    if (oldHeight !== height) image_B3HW = rounded(matrix(oldHeight, height).matmul(image_B3HW));
    return image_B3HW.to('float32');
  });
}

/** As `resizeLikePillow`, the shorter side to `side`, and the square in the middle of the result: [B, 3, side, side]. */
export function resizeAndCrop(bytes_B3HW: Tensor, side: number): Tensor {
  const [oldHeight, oldWidth] = [bytes_B3HW.size(2), bytes_B3HW.size(3)];
  const longer = Math.floor((side * Math.max(oldHeight, oldWidth)) / Math.min(oldHeight, oldWidth));
  const [height, width] = oldHeight <= oldWidth ? [side, longer] : [longer, side];
  const [top, left] = [Math.floor((height - side) / 2), Math.floor((width - side) / 2)];
  return scope(() => resizeLikePillow(bytes_B3HW, [height, width]).narrow(2, top, side).narrow(3, left, side));
}

/** Whole numbers 0 … 255 [B, 3, H, W] normalised colour by colour. */
export function normalise(image_B3HW: Tensor, { mean, deviation }: Normalisation): Tensor {
  const { device } = image_B3HW;
  const colours = (values: readonly number[]) => tensor(Float32Array.from(values), { shape: [1, 3, 1, 1], device });
  return scope(() => image_B3HW.div(255).sub_(colours(mean)).div_(colours(deviation)));
}
