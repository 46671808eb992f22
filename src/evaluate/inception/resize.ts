// TensorFlow 1's bilinear resize, which is the first step of the Inception graph: an FID depends on it.
// Legend: B images, C channels, H height, W width; h and w what they become.
import { scope, type Tensor, tensor } from '../../torch/index.js';

/** Which two source positions each new one lies between, and how far from the first. */
interface Positions {
  lower: Int32Array;
  upper: Int32Array;
  fraction: Float32Array;
}

/**
 * Position i of the new grid lies at i · (source / wanted) of the old one, in float32 as TensorFlow computes it: corners count, not centres
 * of pixels, so the result is shifted by up to half a pixel against other libraries' resizes.
 */
function positionsOf(source: number, wanted: number): Positions {
  const scale = Math.fround(source / wanted);
  const at = Float32Array.from({ length: wanted }, (_, i) => Math.fround(i * scale));
  const lower = Int32Array.from(at, Math.floor);
  return {
    lower,
    upper: lower.map((one) => Math.min(one + 1, source - 1)),
    fraction: at.map((one, i) => one - lower[i]!),
  };
}

/** Interpolates along one dimension: a + (b − a) · fraction. */
function interpolate(x_BCHW: Tensor, dim: 2 | 3, wanted: number): Tensor {
  const { lower, upper, fraction } = positionsOf(x_BCHW.size(dim), wanted);
  const { device } = x_BCHW;
  const at = (indices: Int32Array) => x_BCHW.indexSelect(dim, tensor(indices, { device }));
  const shape = dim === 2 ? [1, 1, wanted, 1] : [1, 1, 1, wanted];
  const first = at(lower);
  return at(upper).sub_(first).mul_(tensor(fraction, { shape, device })).add_(first);
}

/**
 * Bilinear interpolation as TensorFlow 1's `resize_bilinear` does it with corners not aligned: [B, C, H, W] → [B, C, h, w], float32. There is no
 * antialias: where it makes images smaller, it looks at no more than four pixels for each new one. Columns first, as the kernel does.
 */
export function resizeLikeTensorFlow(x_BCHW: Tensor, [height, width]: readonly [number, number]): Tensor {
  if (x_BCHW.size(2) === height && x_BCHW.size(3) === width) return x_BCHW;
  return scope(() => interpolate(interpolate(x_BCHW, 3, width), 2, height));
}
