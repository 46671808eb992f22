// The layers that models are made of, each a thin holder of parameters around one operator.
// Legend: N batch, C channels, H height, W width; I in, O out; `…` any leading dimensions.
import { empty, keep, matrixDtype, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { Module, parameter, replaceData } from './module.js';

let scratch: Tensor | undefined;

/**
 * A float32 copy that lives until the next one is made. Copies of their own, freed in turn, would leave holes between small results that the
 * next copy does not fit into: a model's memory twice over.
 */
function inScratch(weight: Tensor): Tensor {
  if (!scratch || scratch.numel < weight.numel || scratch.device !== weight.device) {
    scratch?.dispose();
    scratch = keep(empty([weight.numel], { device: weight.device }));
  }
  return scratch.narrow(0, 0, weight.numel).view(weight.shape).copy_(weight.detach());
}

/** x Wᵀ + b on the last dimension: [… I] → [… O]. */
export class Linear extends Module {
  readonly weight_OI: Tensor;
  readonly bias_O: Tensor | undefined;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
    { bias = true } = {},
  ) {
    super();
    this.weight_OI = this.add('weight', parameter([outputs, inputs]));
    this.bias_O = bias ? this.add('bias', parameter([outputs])) : undefined;
  }

  /** @param bias_O another bias instead of the layer's own */
  forward(x: Tensor, bias_O = this.bias_O): Tensor {
    if (this.weight_OI.dtype === 'float32') return ops.linear(x, this.weight_OI, bias_O);
    const dtype = matrixDtype();
    return scope(() =>
      ops.linear(x, dtype === 'float32' ? inScratch(this.weight_OI) : this.weight_OI.to(dtype), bias_O),
    );
  }
}

/**
 * Keeps the weights of all linear layers below a module, nearly all of a generator, in bfloat16: for sampling in half the memory, not for
 * training. Without autocast a layer's weight is cast to float32 while it computes; autocast in bfloat16 takes it as it is.
 * Call it before the weights are loaded, and they are never in memory in float32.
 */
export function storeLinear(module: Module, dtype: 'bfloat16'): void {
  for (const part of module.modules())
    if (part instanceof Linear)
      scope(() => {
        replaceData(part.weight_OI, part.weight_OI.detach().to(dtype));
      });
}

/** 2-D convolution: [N, I, H, W] → [N, O, H', W']. */
export class Conv2d extends Module {
  readonly weight_OIKK: Tensor;
  readonly bias_O: Tensor;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
    readonly kernel: number,
    readonly options: { stride?: number; padding?: number } = {},
  ) {
    super();
    this.weight_OIKK = this.add('weight', parameter([outputs, inputs, kernel, kernel]));
    this.bias_O = this.add('bias', parameter([outputs]));
  }

  forward(x_NCHW: Tensor): Tensor {
    const { stride = 1, padding = 0 } = this.options;
    return ops.conv2d(x_NCHW, this.weight_OIKK, this.bias_O, [stride, stride], [padding, padding]);
  }
}

/** Group normalisation with scale and shift a channel (eps 1e-6, as the published tokenizers). */
export class GroupNorm extends Module {
  readonly weight_C: Tensor;
  readonly bias_C: Tensor;

  constructor(
    readonly groups: number,
    readonly channels: number,
  ) {
    super();
    if (channels % groups)
      throw new UsageError(
        `normGroups: ${channels} channels cannot be divided into ${groups} groups; choose a divisor`,
      );
    this.weight_C = this.add('weight', parameter([channels]));
    this.bias_C = this.add('bias', parameter([channels]));
  }

  forward(x_NCHW: Tensor): Tensor {
    const dtype = x_NCHW.dtype;
    return ops.groupNorm(x_NCHW, this.groups, this.weight_C.to(dtype), this.bias_C.to(dtype), 1e-6);
  }
}

/** Rows of a table by index: integers […] → [… D]. */
export class Embedding extends Module {
  readonly weight_VD: Tensor;

  constructor(
    readonly count: number,
    readonly width: number,
  ) {
    super();
    this.weight_VD = this.add('weight', parameter([count, width]));
  }

  forward(indices: Tensor): Tensor {
    return ops.embedding(this.weight_VD, indices);
  }
}
