// Small functions on tensors that several models share.
import { autocast, ops, scope, type Tensor } from '../torch/index.js';

/** x / ‖x‖ along one dimension, as the published models compute it (the norm at least 1e-12). */
export function unitLength(x: Tensor, dim: number): Tensor {
  return x.div(x.linalgVectorNorm(2, [dim], true).clampMin(1e-12));
}

/** Runs `body` with autocast off: sums and norms that need float32. */
export function inFloat32<T>(device: string, body: () => T): T {
  return autocast({ device, dtype: 'float32' }, body);
}

/** What turns one tensor into another. */
interface Layer {
  forward(x: Tensor): Tensor;
}

/** Applies layers one after the other, absent ones left out; what passes from one to the next is freed once it has been used. */
export function inTurn(layers: Iterable<Layer | undefined>, input: Tensor): Tensor {
  let x = input;
  for (const layer of layers) {
    if (!layer) continue;
    const before = x;
    x = scope(() => layer.forward(before));
    if (before !== input && before !== x) before.dispose();
  }
  return x;
}

/** Height and width of what an image is resized to. */
type Size = readonly [height: number, width: number];

const isOf = (x_NCHW: Tensor, [height, width]: Size) => x_NCHW.size(2) === height && x_NCHW.size(3) === width;

/** `area` interpolation [N, C, H, W] → [N, C, height, width]: each new pixel is the mean of those it covers. */
export function areaResize(x_NCHW: Tensor, size: Size): Tensor {
  return isOf(x_NCHW, size) ? x_NCHW : x_NCHW.adaptiveAvgPool2d([...size]);
}

/** Bicubic interpolation [N, C, H, W] → [N, C, height, width] (a = −0.75, corners not aligned, no antialias). */
export function bicubicResize(x_NCHW: Tensor, size: Size): Tensor {
  return isOf(x_NCHW, size) ? x_NCHW : x_NCHW.upsampleBicubic2d([...size], false);
}

/** Mean cross-entropy over all positions, in float32: logits [B, L, V] against integer targets [B, L]. */
export function crossEntropy(logits_BLV: Tensor, targets_BL: Tensor): Tensor {
  return inFloat32(logits_BLV.device, () =>
    ops.crossEntropyLoss(logits_BLV.to('float32').flatten(0, 1), targets_BL.flatten(0, 1)),
  );
}
