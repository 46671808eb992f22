// Initial values: VAR's for the generator, PyTorch's usual ones for the tokenizer. Models are made uninitialised; these functions fill them.
import { type Generator, noGrad, randn, rand, scope, type Tensor } from '../torch/index.js';
import { Conv2d, Embedding, GroupNorm, Linear, type Module } from '../nn/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import type { ScaleTransformer } from './transformer.js';

function normal(target: Tensor, deviation: number, generator: Generator): void {
  scope(() => target.copy_(randn(target.shape, { generator }).mul_(deviation)));
}

function uniform(target: Tensor, bound: number, generator: Generator): void {
  scope(() => target.copy_(rand(target.shape, { generator }).mul_(2 * bound).sub_(bound))); // prettier-ignore
}

/** Of the six parts along a dimension, two are gates and shrink by a factor, four are scales and shifts and are halved. */
function openGates(parts: Tensor, dim: number, gate: number): void {
  scope(() => {
    parts.narrow(dim, 0, 2).mul_(gate);
    parts.narrow(dim, 2, 4).mul_(0.5);
  });
}

/**
 * Initial weights of the generator: normal with σ = √(1/3C), small head, residual projections divided by √(2 depth), gates nearly closed.
 * @param gate factor of the AdaLN rows that gate the branches (1e-3 for the published d16 and d20)
 */
export function initialiseGenerator(model: ScaleTransformer, generator: Generator, { gate = 1e-3 } = {}): void {
  const { width, depth } = model.config;
  const deviation = Math.sqrt(1 / (3 * width));
  noGrad(() => {
    for (const part of model.modules()) {
      if (part instanceof Linear) {
        normal(part.weight_OI, deviation, generator);
        part.bias_O?.zero_();
      } else if (part instanceof Embedding) normal(part.weight_VD, deviation, generator);
    }
    normal(model.posStart_11C, deviation, generator);
    model.positionTerm.initialise(generator, deviation);
    model.head.weight_OI.mul_(0.02);
    model.headNorm.linear.weight_OI.mul_(0.5);
    for (const { attention, feedForward, adaLn, modulation_116C } of model.blocks) {
      attention.scaleMul_1H11.fill_(Math.log(4));
      attention.qBias_C.zero_();
      attention.vBias_C.zero_();
      attention.projection.weight_OI.div_(Math.sqrt(2 * depth));
      feedForward.fc2.weight_OI.div_(Math.sqrt(2 * depth));
      if (adaLn) openGates(adaLn.linear.weight_OI.view([6, width, width]), 0, gate);
      if (modulation_116C) {
        normal(modulation_116C, Math.sqrt(1 / width), generator);
        openGates(modulation_116C, 2, gate);
      }
    }
  });
}

/** PyTorch's default for convolutions and norms, as the published tokenizer code leaves them; uniform codes in ±1/V. */
export function initialiseTokenizer(model: Tokenizer, generator: Generator): void {
  initialiseConvolutions(model, generator);
  noGrad(() => {
    uniform(model.codebook.embedding.weight_VD, 1 / model.vocabularySize, generator);
  });
}

/** Uniform ±1/√fan-in for convolutions and linear layers, ones and zeros for norms. */
export function initialiseConvolutions(model: Module, generator: Generator): void {
  noGrad(() => {
    for (const part of model.modules()) {
      if (part instanceof Conv2d || part instanceof Linear) {
        const fanIn = part.inputs * (part instanceof Conv2d ? part.kernel ** 2 : 1);
        const [weight, bias] = part instanceof Conv2d ? [part.weight_OIKK, part.bias_O] : [part.weight_OI, part.bias_O];
        uniform(weight, 1 / Math.sqrt(fanIn), generator);
        if (bias) uniform(bias, 1 / Math.sqrt(fanIn), generator);
      } else if (part instanceof GroupNorm) {
        part.weight_C.fill_(1);
        part.bias_C.zero_();
      }
    }
  });
}
