// A small classifier trained on the same images as the generator: a judge of samples where no published one fits.
// Its penultimate layer is the feature space of the Fréchet classifier distance (FCD), which is not FID: it compares only within one data set.
// Legend: B images, C channels, D features, K classes.
import { batch, imageCount, type ImageSet } from '../data/index.js';
import { Conv2d, GroupNorm, inFloat32, Linear, Module } from '../nn/index.js';
import { autocast, noGrad, scope, type Tensor } from '../torch/index.js';

/** Width of the feature space. */
export const featureWidth = 128;

/** Three strided convolutions, their average, two linear layers; images of any side from 16 pixels. */
export class Classifier extends Module {
  readonly convs: Conv2d[];
  readonly norms: GroupNorm[];
  readonly hidden: Linear;
  readonly head: Linear;

  constructor(readonly classes: number) {
    super();
    const widths = [3, 32, 64, 128];
    this.convs = this.addList(
      'convs',
      [0, 1, 2].map(
        (i) => new Conv2d(widths[i]!, widths[i + 1]!, i === 0 ? 5 : 3, { stride: 2, padding: i === 0 ? 2 : 1 }),
      ),
    );
    this.norms = this.addList(
      'norms',
      [1, 2, 3].map((i) => new GroupNorm(8, widths[i]!)),
    );
    this.hidden = this.add('hidden', new Linear(128 * 4 * 4, featureWidth));
    this.head = this.add('head', new Linear(featureWidth, classes));
  }

  /** Activations after each convolution, coarse last: what a perceptual loss compares. */
  layers(image_B3HW: Tensor): Tensor[] {
    let x = image_B3HW.to({ memoryFormat: 'channelsLast' });
    return this.convs.map((conv, i) => {
      x = this.norms[i]!.forward(conv.forward(x)).relu();
      return x;
    });
  }

  /** Features [B, D] and logits [B, K], float32. */
  forward(image_B3HW: Tensor): { features_BD: Tensor; logits_BK: Tensor } {
    const top_BCHW = this.layers(image_B3HW).at(-1)!;
    const pooled_BCHW = inFloat32(image_B3HW.device, () => top_BCHW.to('float32').adaptiveAvgPool2d([4, 4]));
    const features_BD = this.hidden.forward(pooled_BCHW.contiguous().flatten(1)).to('float32').relu();
    return { features_BD, logits_BK: this.head.forward(features_BD).to('float32') };
  }

  /** Features and logits of images in evaluation: no gradient, bfloat16 where `precision` says. */
  judge(image_B3HW: Tensor, precision: 'float32' | 'bfloat16' = 'float32'): { features_BD: Tensor; logits_BK: Tensor } {
    return noGrad(() =>
      autocast({ device: image_B3HW.device, dtype: precision }, () => scope(() => this.forward(image_B3HW))),
    );
  }
}

/** Share of a set's images whose class the classifier finds. */
export function accuracy(classifier: Classifier, set: ImageSet, batchSize = 500): number {
  const count = imageCount(set);
  const { device } = classifier.parameters()[0]!;
  let right = 0;
  for (let start = 0; start < count; start += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, count - start) }, (_, i) => start + i);
    right += scope(() => {
      const { image_B3HW, labels_B } = batch(set, indices);
      const { logits_BK } = classifier.judge(image_B3HW.to({ device }));
      return logits_BK.argmax(1).eq(labels_B.to({ device })).sum().item();
    });
  }
  return right / count;
}
