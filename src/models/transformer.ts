// The generator of both families: logits of all tokens of all scales, given the class and each scale's input. What a family has of its own,
// where its tokens say they are, is its `PositionTerm`. No sampling and no losses here.
// Legend: B batch, L tokens, N tokens of one scale, n of the first one, C width, E code width, V codes.
import { z } from 'zod';
import { Embedding, inFloat32, inTurn, Linear, Module, parameter } from '../nn/index.js';
import { type Generator, ops, recompute, type Tensor } from '../torch/index.js';
import { type Family, type Scale, type Scales, tokensOf } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import type { Segment } from './attention.js';
import { AdaptiveLinear, Block, type Drops, modulate, wholeSequence } from './block.js';
import { segmentsOf, type Visibility } from './visibility.js';

const size = z.int().positive();

/** Sizes that the families' configurations share, with the published values. */
export const transformerFields = {
  depth: size.default(16),
  /** Channels of the residual stream; 64 a layer of depth by default. */
  width: size.optional(),
  /** Attention heads; as many as layers by default. */
  heads: size.optional(),
  classes: size.default(1000),
  codeWidth: size.default(32),
  /** Highest stochastic depth rate (the last block's); 0.1 · depth / 24 by default. */
  pathDrop: z.number().min(0).max(1).optional(),
};

/** What is not given of width, heads and stochastic depth follows the depth. */
export function followDepth<T extends { depth: number; width?: number; heads?: number; pathDrop?: number }>(given: T) {
  const { depth } = given;
  const { width = 64 * depth, heads = depth, pathDrop = (0.1 * depth) / 24 } = given;
  return { ...given, width, heads, pathDrop };
}

/** Sizes that every generator has. */
export interface TransformerConfig {
  depth: number;
  /** Channels of the residual stream. */
  width: number;
  heads: number;
  classes: number;
  vocabularySize: number;
  codeWidth: number;
  /** Highest stochastic depth rate (the last block's). */
  pathDrop: number;
  /** Whether all blocks share one map from the condition to scales, shifts and gates. */
  sharedAdaLn?: boolean;
}

/** How a family tells its tokens where they are. */
export interface PositionTerm {
  /** The term [1, N…, C] of the scales at some indices of a list, one after the other. */
  of(scales: Scales, indices: readonly number[]): Tensor;
  /** Fills its parameters with initial values, normal ones of a deviation where they are random. */
  initialise(random: Generator, deviation: number): void;
}

/** Makes a position term, its parameters added to the model's under their published names. */
export type MakePositions = (add: (name: string, member: Tensor | Module) => void) => PositionTerm;

/** What sets a family's sampler apart. */
export interface SamplingHabits {
  /** A guidance ramp reaches its scale after so many steps at most, and goes on growing after them. */
  rampSteps: number;
  /** Scales with a side above this get a ramp's whole scale at once. */
  rampSide: number;
  /** Whether tokens are drawn at a scale at all; else the most probable ones are taken, where the published rule is asked for. */
  draws(scale: Scale): boolean;
}

/** How one pass over the sequence is made. */
export interface PassOptions {
  visibility?: Visibility;
  /** Draws stochastic depth; none without it. */
  pathDrop?: Generator | undefined;
}

/** The generator; its state dict has the published names. */
export abstract class ScaleTransformer extends Module {
  abstract readonly family: Family;
  abstract readonly habits: SamplingHabits;
  readonly posStart_11C: Tensor;
  readonly positionTerm: PositionTerm;
  readonly wordEmbed: Linear;
  readonly classEmb: Embedding;
  readonly sharedAdaLn: AdaptiveLinear | undefined;
  readonly blocks: Block[];
  readonly headNorm: AdaptiveLinear;
  readonly head: Linear;

  constructor(
    readonly config: TransformerConfig,
    makePositions: MakePositions,
  ) {
    super();
    const { depth, width, heads, classes, vocabularySize, codeWidth, pathDrop, sharedAdaLn = false } = config;
    if (width % heads)
      throw new UsageError(`generator: the width ${width} must be divisible by the number of heads, ${heads}`);
    if (width % 2) throw new UsageError(`generator: the width must be even, got ${width}`);
    this.posStart_11C = this.add('pos_start', parameter([1, 1, width]));
    this.positionTerm = makePositions((name, member) => void this.add(name, member));
    this.wordEmbed = this.add('word_embed', new Linear(codeWidth, width));
    this.classEmb = this.add('class_emb', new Embedding(classes + 1, width));
    if (sharedAdaLn) this.sharedAdaLn = this.add('shared_ada_lin', new AdaptiveLinear('1', width, 6));
    const rateOf = (i: number) => (depth > 1 ? (pathDrop * i) / (depth - 1) : 0);
    this.blocks = this.addList(
      'blocks',
      Array.from({ length: depth }, (_, i) => new Block(width, heads, rateOf(i), sharedAdaLn)),
    );
    this.headNorm = this.add('head_nm', new AdaptiveLinear('ada_lin.1', width, 2));
    this.head = this.add('head', new Linear(width, vocabularySize));
  }

  /** The label that stands for no class. */
  get nullClass(): number {
    return this.config.classes;
  }

  /** Class embeddings [B, C]. */
  condition(labels_B: Tensor): Tensor {
    return recompute((labels_B) => this.classEmb.forward(labels_B), labels_B);
  }

  /** What the condition does in every block, [B, 1, 6, C] each: a sampler computes it once. */
  modulations(condition_BC: Tensor): Tensor[] {
    const activated_BC = condition_BC.silu();
    const shared_B16C = this.sharedAdaLn?.forward(activated_BC);
    return this.blocks.map((block) => block.modulation(activated_BC, shared_B16C));
  }

  /** Tokens of the first scale without positions [B, n, C]: class embedding and learned start. */
  startTokens(condition_BC: Tensor, scales: Scales): Tensor {
    return condition_BC
      .unsqueeze(1)
      .expand([condition_BC.size(0), tokensOf(scales[0]!), this.config.width])
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
    const start_BnC = this.startTokens(condition_BC, scales);
    const tokens_BLC = inputs_BLE ? ops.cat([start_BnC, this.embed(inputs_BLE)], 1) : start_BnC;
    const indices = scales.map((_, i) => i);
    const x_BLC = this.#placed(tokens_BLC, () => this.positionTerm.of(scales, indices));
    const segments = segmentsOf(scales, options.visibility ?? 'causal', x_BLC.device);
    return this.#pass(x_BLC, condition_BC, segments, options.pathDrop);
  }

  /**
   * The reading of SAR's student pass in the authors' released trainer: the last scale after the bare class embedding (no learned start).
   * @param inputs_BNE the input of the last scale
   * @returns logits [B, N, V] of the scale
   */
  lastScaleLogits(labels_B: Tensor, inputs_BNE: Tensor, scales: Scales, options: PassOptions = {}): Tensor {
    const condition_BC = this.condition(labels_B);
    const last = scales.length - 1;
    const tokens_BLC = ops.cat([condition_BC.unsqueeze(1), this.embed(inputs_BNE)], 1);
    const positions = () =>
      ops.cat([this.positionTerm.of(scales, [0]).narrow(1, 0, 1), this.positionTerm.of(scales, [last])], 1);
    const x_BLC = this.#placed(tokens_BLC, positions);
    const segments = segmentsOf([1, scales[last]!], 'causal', x_BLC.device);
    const logits_BLV = this.#pass(x_BLC, condition_BC, segments, options.pathDrop);
    return logits_BLV.narrow(1, 1, tokensOf(scales[last]!));
  }

  /** Inputs [B, L, E] as tokens [B, L, C], float32. */
  embed(inputs_BLE: Tensor): Tensor {
    return this.wordEmbed.forward(inputs_BLE).to('float32');
  }

  /** Adds positions in float32, then takes up the precision in which the blocks compute (autocast's where it is on). */
  #placed(tokens_BLC: Tensor, positions: () => Tensor): Tensor {
    const x_BLC = inFloat32(tokens_BLC.device, () => tokens_BLC.add(positions()));
    return x_BLC.to(this.computeDtype());
  }

  /** The dtype that a matrix product has here and now: bfloat16 under autocast, float32 otherwise. */
  computeDtype(): 'float32' | 'bfloat16' {
    const probe = this.posStart_11C.detach().view([1, -1]);
    return probe.narrow(1, 0, 1).matmul(probe.narrow(1, 0, 1)).dtype as 'float32' | 'bfloat16';
  }

  /** The blocks and the head. Each block is a segment that a tape may recompute, and so is what all of them are given. */
  #pass(x_BLC: Tensor, condition_BC: Tensor, segments: readonly Segment[], pathDrop?: Generator): Tensor {
    const activated_BC = recompute((condition_BC) => condition_BC.silu(), condition_BC);
    const shared_B16C = this.sharedAdaLn && recompute(this.sharedAdaLn.forward.bind(this.sharedAdaLn), activated_BC);
    const given = { activated_BC, shared_B16C, segments };
    const layers = this.blocks.map((block) => {
      const run = (x_BLC: Tensor, { activated_BC, shared_B16C, segments }: typeof given, drops: Drops | undefined) => {
        const mode = { attention: wholeSequence(segments), drops };
        return block.forward(x_BLC, block.modulation(activated_BC, shared_B16C), mode);
      };
      return { forward: (x_BLC: Tensor) => recompute(run, x_BLC, given, block.drawDrops(x_BLC, pathDrop)) };
    });
    return this.headLogits(inTurn(layers, x_BLC), condition_BC);
  }

  /** Logits [B, L, V] of the last block's output [B, L, C]. */
  headLogits(x_BLC: Tensor, condition_BC: Tensor): Tensor {
    const [scale_B1C, shift_B1C] = this.headNorm.forward(condition_BC.silu()).to(x_BLC.dtype).unbind(2) as [
      Tensor,
      Tensor,
    ];
    return this.head.forward(modulate(x_BLC, scale_B1C, shift_B1C));
  }
}
