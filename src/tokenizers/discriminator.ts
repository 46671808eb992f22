// PatchGAN discriminator (Isola et al. 2017): is each patch of an image real? For the tokenizer's optional adversarial term.
// Legend: B images, H and W sides, h and w patch positions.
import { Conv2d, GroupNorm, Module } from '../nn/index.js';
import { ops, type Tensor } from '../torch/index.js';

const slope = 0.2;

/** Three convolutions; each output sees a patch of 16 × 16 pixels. */
export class PatchDiscriminator extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly norm2: GroupNorm;
  readonly conv3: Conv2d;

  constructor(width = 64) {
    super();
    this.conv1 = this.add('conv1', new Conv2d(3, width, 4, { stride: 2, padding: 1 }));
    this.conv2 = this.add('conv2', new Conv2d(width, 2 * width, 4, { stride: 2, padding: 1 }));
    this.norm2 = this.add('norm2', new GroupNorm(8, 2 * width));
    this.conv3 = this.add('conv3', new Conv2d(2 * width, 1, 3, { padding: 1 }));
  }

  /** Images [B, 3, H, W] → one number a patch [B, 1, h, w], large for real. */
  forward(image_B3HW: Tensor): Tensor {
    const first = this.conv1.forward(image_B3HW).leakyRelu(slope);
    return this.conv3.forward(this.norm2.forward(this.conv2.forward(first)).leakyRelu(slope));
  }
}

/** Hinge loss of the discriminator. */
export function discriminatorLoss(real_B1hw: Tensor, fake_B1hw: Tensor): Tensor {
  const realLoss = ops.rsub(real_B1hw.to('float32'), 1).relu().mean();
  const fakeLoss = fake_B1hw.to('float32').add(1).relu().mean();
  return realLoss.add(fakeLoss).mul(0.5);
}

/** What the tokenizer is charged for images that are told apart. */
export function adversarialLoss(fake_B1hw: Tensor): Tensor {
  return fake_B1hw.to('float32').mean().neg();
}
