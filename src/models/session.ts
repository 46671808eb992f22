// A sampling session: scale after scale through the blocks, earlier keys and values cached and written in place.
// With guidance the rows are doubled: the upper half has the classes asked for, the lower half the null class.
// Legend: B images, R rows (B or 2 B), N tokens of a scale, C width, E code width, V codes.
import { inFloat32, inTurn } from '../nn/index.js';
import { full, ops, type Tensor } from '../torch/index.js';
import { type Scales, tokenCount, tokensOf } from '../tokenizers/index.js';
import type { KeyValueCache } from './attention.js';
import { afterCache } from './block.js';
import type { ScaleTransformer } from './transformer.js';

/** The state of a batch that is being sampled. Its tensors (`tensors()`) must outlive the scopes of single scales: keep them. */
export class Session {
  readonly #condition_RC: Tensor;
  readonly #modulations_R16C: Tensor[];
  readonly #caches: KeyValueCache[];
  #position = 0;
  #scale = 0;

  constructor(
    readonly generator: ScaleTransformer,
    /** Condition of each image [B, C] (`ScaleTransformer.condition`, or a mixture of several). */
    readonly condition_BC: Tensor,
    readonly scales: Scales,
    /** Whether a null half is computed at all. */
    readonly guided: boolean,
  ) {
    const [count, device] = [condition_BC.size(0), condition_BC.device];
    const rows = guided ? 2 * count : count;
    const nulls = () => generator.condition(full([count], generator.nullClass, { dtype: 'int64', device }));
    this.#condition_RC = guided ? ops.cat([condition_BC, nulls()], 0) : condition_BC;
    this.#modulations_R16C = generator.modulations(this.#condition_RC);
    const cacheOptions = { dtype: generator.computeDtype(), device };
    const length = tokenCount(scales.slice(0, -1)); // no later scale looks at the last one's keys and values
    this.#caches = generator.blocks.map((block) => block.attention.cache(rows, length, cacheOptions));
  }

  /**
   * Runs the next scale.
   * @param inputs_BNE its input, undefined for the first scale
   * @param withNull whether the null half is still needed, by this scale's guidance or a later one's
   * @returns the last block's output [R, N, C], the null half below where `withNull`
   */
  advance(inputs_BNE: Tensor | undefined, withNull: boolean): Tensor {
    const { generator, scales } = this;
    const rows = this.#rows(withNull);
    const condition_RC = this.#condition_RC.narrow(0, 0, rows);
    const tokens_RNC = inputs_BNE
      ? this.#repeat(generator.embed(inputs_BNE), rows)
      : generator.startTokens(condition_RC, scales);
    // the residual stream stays float32 in sampling, as the published samplers have it
    const placed_RNC = inFloat32(tokens_RNC.device, () =>
      tokens_RNC.add(generator.positionTerm.of(scales, [this.#scale])),
    );
    const layers = generator.blocks.map((block, i) => ({
      forward: (x_RNC: Tensor) => {
        const modulation_R16C = this.#modulations_R16C[i]!.narrow(0, 0, rows);
        return block.forward(x_RNC, modulation_R16C, { attention: afterCache(this.#caches[i]!, this.#position) });
      },
    }));
    const x_RNC = inTurn(layers, placed_RNC);
    this.#position += tokensOf(scales[this.#scale++]!);
    return x_RNC;
  }

  /** All tensors that the session lives on. */
  tensors(): Tensor[] {
    const caches = this.#caches.flatMap(({ k_BHLD, v_BHLD }) => [k_BHLD, v_BHLD]);
    return [this.condition_BC, this.#condition_RC, ...this.#modulations_R16C, ...caches];
  }

  /** Logits [R', N, V] in float32 of an output of `advance`; without the null half only the upper rows. */
  logits(x_RNC: Tensor, withNull: boolean): Tensor {
    const rows = this.#rows(withNull);
    const condition_RC = this.#condition_RC.narrow(0, 0, rows);
    return this.generator.headLogits(x_RNC.narrow(0, 0, rows), condition_RC).to('float32');
  }

  #rows(withNull: boolean): number {
    return this.guided && withNull ? 2 * this.condition_BC.size(0) : this.condition_BC.size(0);
  }

  #repeat(tokens_BNC: Tensor, rows: number): Tensor {
    return rows === tokens_BNC.size(0) ? tokens_BNC : tokens_BNC.repeat([2, 1, 1]);
  }
}
