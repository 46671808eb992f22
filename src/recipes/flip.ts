// Horizontal flips for augmentation.
// Legend: B images, H and W their sides.
import { ops, type Tensor, tensor } from '../torch/index.js';

/** Images [B, 3, H, W], each mirrored where its number of `uniform` is below a half. */
export function flipSome(image_B3HW: Tensor, uniform: () => number): Tensor {
  const flags = Array.from({ length: image_B3HW.size(0) }, () => uniform() < 0.5);
  const flip_B111 = tensor(flags.map(Number), { dtype: 'bool', device: image_B3HW.device }).view([-1, 1, 1, 1]);
  return ops.where(flip_B111, image_B3HW.flip([3]), image_B3HW);
}
