// What Inception-v3 is made of: convolutions with batch normalisation and ReLU, and blocks of parallel branches of them.
// Legend: N images, C channels, H height, W width, K a kernel's sides; I channels in, O out.
import { Module, parameter } from '../../nn/index.js';
import { noGrad, ops, scope, type Tensor } from '../../torch/index.js';
import type { Witness } from '../witness.js';
import type { BlockPlan, BranchPlan, Pooling, UnitPlan } from './plan.js';

const epsilon = 1e-3;

/** Convolution without a bias, batch normalisation by the stored mean and variance (eps 1e-3), ReLU. */
export class ConvolutionUnit extends Module {
  readonly weight_OIKK: Tensor;
  readonly gain_O: Tensor;
  readonly shift_O: Tensor;
  readonly mean_O: Tensor;
  readonly variance_O: Tensor;
  #folded = false;

  constructor(
    inputs: number,
    readonly plan: UnitPlan,
  ) {
    super();
    const { outputs, kernel } = plan;
    this.weight_OIKK = this.add('conv.weight', parameter([outputs, inputs, ...kernel]));
    this.gain_O = this.add('bn.weight', parameter([outputs]));
    this.shift_O = this.add('bn.bias', parameter([outputs]));
    this.mean_O = this.add('bn.running_mean', parameter([outputs]));
    this.variance_O = this.add('bn.running_var', parameter([outputs]));
  }

  forward(x_NIHW: Tensor): Tensor {
    const { stride, padded, kernel } = this.plan;
    const padding = kernel.map((side) => (padded ? (side - 1) / 2 : 0));
    const { weight_OIKK, gain_O, shift_O, mean_O, variance_O } = this;
    const bias_O = this.#folded ? shift_O : null;
    return scope(() => {
      const sum_NOHW = ops.conv2d(x_NIHW, weight_OIKK, bias_O, [stride, stride], padding);
      if (this.#folded) return sum_NOHW.relu_();
      return ops.batchNorm(sum_NOHW, gain_O, shift_O, mean_O, variance_O, false, 0, epsilon, true).relu_();
    });
  }

  /**
   * Takes the normalisation into the convolution, which saves a pass over its output. The parameters stay those of a network that computes
   * the same: the normalisation's mean becomes 0, its deviation 1, its gain 1, and its shift the convolution's bias.
   */
  fold(): void {
    if (this.#folded) return;
    noGrad(() => {
      scope(() => {
        const scale_O = this.gain_O.div(this.variance_O.add(epsilon).sqrt());
        this.shift_O.sub_(this.mean_O.mul(scale_O));
        this.weight_OIKK.mul_(scale_O.view([-1, 1, 1, 1]));
        this.gain_O.fill_(1);
        this.mean_O.fill_(0);
        this.variance_O.fill_(1 - epsilon);
      });
    });
    this.#folded = true;
  }
}

/** Pools 3 × 3 windows. */
export function pool(x_NCHW: Tensor, pooling: Pooling): Tensor {
  if (pooling === 'mean') return x_NCHW.avgPool2d([3, 3], [1, 1], [1, 1], false, false);
  return pooling === 'max' ? x_NCHW.maxPool2d([3, 3], [1, 1], [1, 1]) : x_NCHW.maxPool2d([3, 3], [2, 2]);
}

/** One block: its branches side by side. */
export class Block extends Module {
  readonly inputs: number;
  /** Channels that it puts out. */
  readonly outputs: number;
  readonly #units = new Map<UnitPlan, ConvolutionUnit>();

  constructor(
    inputs: number,
    readonly plan: BlockPlan,
  ) {
    super();
    this.inputs = inputs;
    const widths = plan.branches.map((branch) => this.#addBranch(branch));
    const pooled = plan.pooled ? this.#addUnit(inputs, plan.pooled) : inputs;
    this.outputs = widths.reduce((sum, width) => sum + width, pooled);
  }

  /** Answers how many channels the unit puts out. */
  #addUnit(inputs: number, plan: UnitPlan): number {
    this.#units.set(plan, this.add(plan.name, new ConvolutionUnit(inputs, plan)));
    return plan.outputs;
  }

  #addBranch({ units, fork }: BranchPlan): number {
    const width = units.reduce((inputs, plan) => this.#addUnit(inputs, plan), this.inputs);
    if (fork.length === 0) return width;
    return fork.reduce((sum, plan) => sum + this.#addUnit(width, plan), 0);
  }

  forward(x_NCHW: Tensor, witness?: Witness): Tensor {
    const apply = (x: Tensor, plan: UnitPlan): Tensor => {
      const output = this.#units.get(plan)!.forward(x);
      witness?.(`${this.plan.name}.${plan.name}`, output);
      return output;
    };
    return scope(() => {
      const parts = this.plan.branches.flatMap(({ units, fork }) => {
        const end = units.reduce(apply, x_NCHW);
        return fork.length === 0 ? [end] : fork.map((plan) => apply(end, plan));
      });
      const pooled = pool(x_NCHW, this.plan.pooling);
      return ops.cat([...parts, this.plan.pooled ? apply(pooled, this.plan.pooled) : pooled], 1);
    });
  }
}
