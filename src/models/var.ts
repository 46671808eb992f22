// The VAR generator: one fixed list of scales. Every token of it has a learned position of its own, and every scale a learned level
// (VAR, section 3.2).
// Legend: C width, L tokens of all scales, S scales, N tokens of one scale.
import { z } from 'zod';
import { Embedding, parameter } from '../nn/index.js';
import { type Generator, ops, randn, scope, type Tensor, tensor } from '../torch/index.js';
import { sameScale, type Scales, scalesText, tokenCount, tokensOf } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import {
  followDepth,
  type MakePositions,
  type PositionTerm,
  type SamplingHabits,
  ScaleTransformer,
  transformerFields,
} from './transformer.js';

const size = z.int().positive();

/** The published lists of scales, by the number of tokens that tells which one a checkpoint was trained on. */
export const varScales: Readonly<Record<number, readonly number[]>> = {
  680: [1, 2, 3, 4, 5, 6, 8, 10, 13, 16],
  2240: [1, 2, 3, 4, 6, 9, 13, 18, 24, 32],
};

/** Sizes of a VAR generator; width, heads and stochastic depth follow the depth unless they are given. */
export const varConfig = z
  .strictObject({
    ...transformerFields,
    vocabularySize: size.default(4096),
    /** Sides of the scales: a generator knows these and no others. */
    scales: z
      .array(size)
      .min(1)
      .default([...varScales[680]!]),
    /** Whether all blocks share one map from the condition to scales, shifts and gates (the published d36). */
    sharedAdaLn: z.boolean().default(false),
  })
  .transform(followDepth);
export type VarConfig = z.output<typeof varConfig>;

/** Names that published checkpoints carry and that are rebuilt or zero. */
export const varBuffers = /(^|\.)(attn_bias_for_masking|zero_k_bias|lvl_1L)$/;

/** A learned vector for every token and one for every scale. */
class LevelsAndPositions implements PositionTerm {
  constructor(
    readonly scales: Scales,
    readonly positions_1LC: Tensor,
    readonly levels: Embedding,
  ) {}

  of(scales: Scales, indices: readonly number[]): Tensor {
    this.#check(scales);
    const device = this.positions_1LC.device;
    const parts = indices.map((i) => {
      const start = tokenCount(scales.slice(0, i));
      const level_1C = this.levels.forward(tensor([i], { dtype: 'int64', device }));
      return this.positions_1LC.narrow(1, start, tokensOf(scales[i]!)).add(level_1C.unsqueeze(1));
    });
    return ops.cat(parts, 1);
  }

  #check(scales: Scales): void {
    if (scales.length === this.scales.length && scales.every((scale, i) => sameScale(scale, this.scales[i]!))) return;
    throw new UsageError(
      `scales: this VAR generator knows the scales ${scalesText(this.scales)} and no others, got ${scalesText(scales)}; a FlexVAR generator takes any`,
    );
  }

  /** The levels are an embedding, which is initialised as all embeddings are. */
  initialise(random: Generator, deviation: number): void {
    scope(() => this.positions_1LC.copy_(randn(this.positions_1LC.shape, { generator: random }).mul_(deviation)));
  }
}

function tableOf({ width, scales }: VarConfig): MakePositions {
  return (add) => {
    const positions_1LC = parameter([1, tokenCount(scales), width]);
    const levels = new Embedding(scales.length, width);
    add('pos_1LC', positions_1LC);
    add('lvl_embed', levels);
    return new LevelsAndPositions(scales, positions_1LC, levels);
  };
}

/** The generator; its state dict has the published names. */
export class Var extends ScaleTransformer {
  readonly family = 'var';
  readonly habits: SamplingHabits = { rampSteps: Infinity, rampSide: Infinity, draws: () => true };

  constructor(override readonly config: VarConfig) {
    super(config, tableOf(config));
  }
}
