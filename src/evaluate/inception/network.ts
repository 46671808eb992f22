// Inception-v3 as TensorFlow published it on 2015-12-05, with a head of 1008 ways: the network whose features FID, sFID, the Inception Score,
// precision and recall are defined on.
// Legend: B images, C channels, H height, W width; D features, K = 1008 classes.
import { inTurn, Linear, Module } from '../../nn/index.js';
import { noGrad, ops, scope, type Tensor } from '../../torch/index.js';
import type { Witness } from '../witness.js';
import { Block, ConvolutionUnit, pool } from './blocks.js';
import { type BlockPlan, blocks, type PoolPlan, stem, type UnitPlan } from './plan.js';
import { resizeLikeTensorFlow } from './resize.js';

/** Side of the images that the network sees. */
const side = 299;
const classes = 1008;
/** The block whose first branch gives the spatial features, and how many of its channels they are. */
const spatialBlock = 'Mixed_6d';
const spatialChannels = 7;

/** A layer under its name. */
interface Layer {
  name: string;
  forward: (x_BCHW: Tensor, witness?: Witness) => Tensor;
}

const poolingLayer = ({ name, pooling }: PoolPlan): Layer => ({ name, forward: (x_BCHW) => pool(x_BCHW, pooling) });

/** A block's first branch comes first in its output: the first channels of the one are those of the other. */
function spatialFeatures(output_BCHW: Tensor): Tensor {
  return output_BCHW.narrow(1, 0, spatialChannels).permute([0, 2, 3, 1]).flatten(1);
}

/** What one pass of the network gives, float32. */
export interface InceptionFeatures {
  /** `pool_3`: means over the last 8 × 8 positions [B, 2048]; FID, precision and recall compare them. */
  pool_BD: Tensor;
  /** The first 7 channels of `mixed_6/conv` at 17 × 17 positions [B, 2023], position by position (y, x, channel); sFID compares them. */
  spatial_BD: Tensor;
  /** Logits of the whole head [B, 1008]. */
  logits_BK: Tensor;
  /** Logits without the head's bias [B, 1008]: the Inception Score is that of their softmax in ADM's evaluator, as in OpenAI's first. */
  logitsWithoutBias_BK: Tensor;
}

/**
 * The network. Its parameters have the names of the published PyTorch port (`Conv2d_1a_3x3.conv.weight` … `fc.bias`).
 *
 * What differs from torchvision's: means of pooling do not count the padding, the last block pools by the largest value, images come through
 * TensorFlow 1's resize and (x − 128) / 128, and there are 1008 classes.
 *
 * **Spatial features.** ADM's evaluator (guided-diffusion, evaluations/evaluator.py) takes the first 7 channels of `mixed_6/conv:0`. In that
 * graph the blocks are called mixed, mixed_1 … mixed_10, from 35 × 35 × 256 on, so that mixed_3 is the first of 17 × 17 (Mixed_6a), mixed_6 is
 * Mixed_6d, and its `conv`, outside of any `tower`, is the 1 × 1 branch; both programs that made the PyTorch port of the weights rename
 * `mixed_6/conv` to `Mixed_6d.branch1x1`. An operator that has the name of its scope is the scope's last one, the ReLU. That the block is
 * Mixed_6d is sure; that the output is taken after ReLU is what ports of the graph do, and was not seen in the graph itself.
 * TensorFlow's tensors end with the channels, and the stored statistics of reference files (`mu_s`, `sigma_s`) have that order.
 *
 * On CUDA, cuDNN may compute the convolutions in TF32, as by PyTorch's default; NVIDIA_TF32_OVERRIDE=0 in the environment keeps them in float32.
 */
export class Inception extends Module {
  readonly head: Linear;
  readonly #toSpatial: Layer[];
  readonly #toPool: Layer[];

  constructor() {
    super();
    let width = 3;
    const convolution = (plan: UnitPlan): Layer => {
      const made = this.add(plan.name, new ConvolutionUnit(width, plan));
      width = plan.outputs;
      return { name: plan.name, forward: (x) => made.forward(x) };
    };
    const block = (plan: BlockPlan): Layer => {
      const made = this.add(plan.name, new Block(width, plan));
      width = made.outputs;
      return { name: plan.name, forward: (x, witness) => made.forward(x, witness) };
    };
    const layers = [
      ...stem.map((plan) => ('pooling' in plan ? poolingLayer(plan) : convolution(plan))),
      ...blocks.map(block),
    ];
    const cut = layers.findIndex(({ name }) => name === spatialBlock) + 1;
    this.#toSpatial = layers.slice(0, cut);
    this.#toPool = layers.slice(cut);
    this.head = this.add('fc', new Linear(width, classes));
  }

  /** Takes every normalisation into its convolution, for speed; the weights are loaded before. */
  fold(): this {
    for (const part of this.modules()) if (part instanceof ConvolutionUnit) part.fold();
    return this;
  }

  /** Bytes [B, 3, H, W] of any size as the network sees them: resized to 299 × 299, about −1 to 1. */
  prepare(bytes_B3HW: Tensor): Tensor {
    return scope(() => {
      const image_B3HW = resizeLikeTensorFlow(bytes_B3HW.to('float32'), [side, side]);
      return image_B3HW.sub(128).div_(128).to({ memoryFormat: 'channelsLast' });
    });
  }

  /**
   * Everything that the metrics compare, of images [B, 3, H, W] of bytes (uint8) of any size, on the network's device, without gradients.
   * @param witness is shown the output of every layer
   */
  features(bytes_B3HW: Tensor, witness?: Witness): InceptionFeatures {
    return noGrad(() => scope(() => this.#pass(this.prepare(bytes_B3HW), witness)));
  }

  #pass(image_B3HW: Tensor, witness?: Witness): InceptionFeatures {
    const run = (layers: readonly Layer[], input: Tensor): Tensor => {
      const seen = layers.map(({ name, forward }) => ({
        forward: (x: Tensor) => {
          const output = forward(x, witness);
          witness?.(name, output);
          return output;
        },
      }));
      return inTurn(seen, input);
    };
    witness?.('input', image_B3HW);
    const middle_BCHW = run(this.#toSpatial, image_B3HW);
    const pool_BD = run(this.#toPool, middle_BCHW).mean([2, 3]);
    const logitsWithoutBias_BK = ops.linear(pool_BD, this.head.weight_OI);
    return {
      pool_BD,
      spatial_BD: spatialFeatures(middle_BCHW),
      logits_BK: logitsWithoutBias_BK.add(this.head.bias_O!),
      logitsWithoutBias_BK,
    };
  }
}
