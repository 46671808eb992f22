// The FlexVAR generator: logits of all tokens of all scales, given the class and each scale's input. No sampling and no losses here.
// Legend: B batch, L tokens, C width, E code width, V codes, S side of the position map.
import { z } from 'zod';
import { areaResize, Embedding, inFloat32, Linear, Module, parameter } from '../nn/index.js';
import { type Generator, ops, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { Scales } from '../tokenizers/index.js';
import { Block, modulate, wholeSequence } from './block.js';
import { segmentsOf, type Visibility } from './visibility.js';

const size = z.int().positive();
const rate = z.number().min(0).max(1);

/** Sizes of a FlexVAR generator; width, heads and stochastic depth follow the depth unless they are given. */
export const flexVarConfig = z
  .strictObject({
    depth: size.default(16),
    /** Channels of the residual stream; 64 a layer of depth by default. */
    width: size.optional(),
    /** Attention heads; as many as layers by default. */
    heads: size.optional(),
    classes: size.default(1000),
    vocabularySize: size.default(8912),
    codeWidth: size.default(32),
    /** Highest stochastic depth rate (the last block's); 0.1 · depth / 24 by default. */
    pathDrop: rate.optional(),
    /** Side of the learned position map. */
    positionSide: size.default(32),
  })
  .transform((given) => ({
    ...given,
    width: given.width ?? 64 * given.depth,
    heads: given.heads ?? given.depth,
    pathDrop: given.pathDrop ?? (0.1 * given.depth) / 24,
  }));
export type FlexVarConfig = z.output<typeof flexVarConfig>;

/** Names that published checkpoints carry and that are rebuilt or zero. */
export const flexVarBuffers = /(^|\.)(attn_bias_for_masking|zero_k_bias)$/;

/** How one pass over the sequence is made. */
export interface PassOptions {
  visibility?: Visibility;
  /** Draws stochastic depth; none without it. */
  pathDrop?: Generator | undefined;
}

/** The final norm's modulation. */
class HeadNorm extends Module {
  readonly adaLin: Linear;
  constructor(width: number) {
    super();
    this.adaLin = this.add('ada_lin.1', new Linear(width, 2 * width));
  }
}

/** The generator; its state dict has the published names. */
export class FlexVar extends Module {
  readonly family = 'flexvar';
  readonly posStart_11C: Tensor;
  readonly pos_1CSS: Tensor;
  readonly wordEmbed: Linear;
  readonly classEmb: Embedding;
  readonly blocks: Block[];
  readonly headNorm: HeadNorm;
  readonly head: Linear;

  constructor(readonly config: FlexVarConfig) {
    super();
    const { depth, width, heads, classes, vocabularySize, codeWidth, pathDrop, positionSide } = config;
    if (width % heads)
      throw new UsageError(`generator: the width ${width} must be divisible by the number of heads, ${heads}`);
    if (width % 2) throw new UsageError(`generator: the width must be even, got ${width}`);
    this.posStart_11C = this.add('pos_start', parameter([1, 1, width]));
    this.pos_1CSS = this.add('pos_1LC', parameter([1, width, positionSide, positionSide]));
    this.wordEmbed = this.add('word_embed', new Linear(codeWidth, width));
    this.classEmb = this.add('class_emb', new Embedding(classes + 1, width));
    const rateOf = (i: number) => (depth > 1 ? (pathDrop * i) / (depth - 1) : 0);
    this.blocks = this.addList(
      'blocks',
      Array.from({ length: depth }, (_, i) => new Block(width, heads, rateOf(i))),
    );
    this.headNorm = this.add('head_nm', new HeadNorm(width));
    this.head = this.add('head', new Linear(width, vocabularySize));
  }

  /** The label that stands for no class. */
  get nullClass(): number {
    return this.config.classes;
  }

  /** Class embeddings [B, C]. */
  condition(labels_B: Tensor): Tensor {
    return this.classEmb.forward(labels_B);
  }

  /** Positional terms [1, L, C] of some scales: the map resized by area to each. */
  positions(scales: Scales): Tensor {
    const parts = scales.map((side) => areaResize(this.pos_1CSS, side).flatten(2).transpose(1, 2));
    return ops.cat(parts, 1);
  }

  /** Tokens of the first scale without positions [B, n, C]: class embedding and learned start. */
  startTokens(condition_BC: Tensor, scales: Scales): Tensor {
    const count = scales[0]! ** 2;
    return condition_BC
      .unsqueeze(1)
      .expand([condition_BC.size(0), count, this.config.width])
      .add(this.posStart_11C);
  }

  /**
   * Teacher forcing, or a student's pass of the same form: logits of every token of every scale.
   * @param labels_B int64, `nullClass` for no class
   * @param inputs_BLE inputs of scales 2 … N (`Tokenizer.inputs`); undefined where there is one scale
   * @returns logits [B, L, V] in the precision of the pass, the first scale's tokens included
   */
  logits(labels_B: Tensor, inputs_BLE: Tensor | undefined, scales: Scales, options: PassOptions = {}): Tensor {
    const condition_BC = this.condition(labels_B);
    const sequence = () => {
      const start_BnC = this.startTokens(condition_BC, scales);
      return inputs_BLE ? ops.cat([start_BnC, this.embed(inputs_BLE)], 1) : start_BnC;
    };
    const x_BLC = this.#addPositions(sequence, scales);
    const segments = segmentsOf(scales, options.visibility ?? 'causal', x_BLC.device);
    return this.#pass(x_BLC, condition_BC, segments, options.pathDrop);
  }

  /**
   * The reading of SAR's student pass in the authors' released trainer: one scale after the bare class embedding (no learned start).
   * @param inputs_BNE the input of that one scale
   * @returns logits [B, N, V] of the scale
   */
  lastScaleLogits(labels_B: Tensor, inputs_BNE: Tensor, side: number, options: PassOptions = {}): Tensor {
    const condition_BC = this.condition(labels_B);
    const scales = [1, side];
    const x_BLC = this.#addPositions(() => ops.cat([condition_BC.unsqueeze(1), this.embed(inputs_BNE)], 1), scales);
    const logits_BLV = this.#pass(x_BLC, condition_BC, segmentsOf(scales, 'causal', x_BLC.device), options.pathDrop);
    return logits_BLV.narrow(1, 1, side * side);
  }

  /** Inputs [B, L, E] as tokens [B, L, C], float32. */
  embed(inputs_BLE: Tensor): Tensor {
    return this.wordEmbed.forward(inputs_BLE).to('float32');
  }

  /** Adds positions in float32, then takes up the precision in which the blocks compute (autocast's where it is on). */
  #addPositions(tokens: () => Tensor, scales: Scales): Tensor {
    const tokens_BLC = tokens();
    const x_BLC = inFloat32(tokens_BLC.device, () => tokens_BLC.add(this.positions(scales)));
    return x_BLC.to(this.computeDtype());
  }

  /** The dtype that a matrix product has here and now: bfloat16 under autocast, float32 otherwise. */
  computeDtype(): 'float32' | 'bfloat16' {
    const probe = this.posStart_11C.detach().view([1, -1]);
    return probe.narrow(1, 0, 1).matmul(probe.narrow(1, 0, 1)).dtype as 'float32' | 'bfloat16';
  }

  #pass(x_BLC: Tensor, condition_BC: Tensor, segments: ReturnType<typeof segmentsOf>, pathDrop?: Generator): Tensor {
    const activated_BC = condition_BC.silu();
    const mode = { attention: wholeSequence(segments), pathDrop };
    let x = x_BLC;
    for (const block of this.blocks) x = block.forward(x, block.modulation(activated_BC), mode);
    return this.headLogits(x, condition_BC);
  }

  /** Logits [B, L, V] of the last block's output [B, L, C]. */
  headLogits(x_BLC: Tensor, condition_BC: Tensor): Tensor {
    const [scale_B1C, shift_B1C] = this.headNorm.adaLin
      .forward(condition_BC.silu())
      .to(x_BLC.dtype)
      .view([x_BLC.size(0), 1, 2, this.config.width])
      .unbind(2) as [Tensor, Tensor];
    return this.head.forward(modulate(x_BLC, scale_B1C, shift_B1C));
  }
}
