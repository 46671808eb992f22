// Dead-code revival: a codebook collapses when codes stop being used; those unused for long are moved onto rows that the batch asked about.
// Legend: B batch, C code width, V codes, K dead codes, P rows of the batch.
import { full, type Generator, keep, noGrad, ops, randint, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { Codebook } from './codebook.js';

/** When each code was last used; part of a training's checkpoint. */
export class CodeUsage {
  /** Images seen at the last use of each code [V], int64. */
  readonly lastUsed_V: Tensor;

  /** The state as a part of checkpoints. */
  readonly part = {
    save: (): ReadonlyMap<string, Tensor> => new Map([['last_used', this.lastUsed_V]]),
    load: (tensors: ReadonlyMap<string, Tensor>, where: string): void => {
      const found = tensors.get('last_used');
      if (found?.numel !== this.lastUsed_V.numel)
        throw new UsageError(
          `${where}: expected 'last_used' of ${this.lastUsed_V.numel} codes, found another codebook's`,
        );
      this.lastUsed_V.copy_(found);
    },
  };

  constructor(size: number, device = 'cpu') {
    this.lastUsed_V = keep(full([size], -(2 ** 40), { dtype: 'int64', device })); // all are dead at first: the first batch initialises them
  }

  /**
   * Notes the codes used in a batch, then moves those unused for more than `after` images onto random rows that the batch asked about.
   * @param rows_PC the batch's rows (`TrainingPyramid.rows_PC`)
   * @returns how many codes were moved
   */
  revive(
    codebook: Codebook,
    indices: readonly Tensor[],
    rows_PC: Tensor,
    imagesSeen: number,
    after: number,
    random: Generator,
  ): number {
    return noGrad(() =>
      scope(() => {
        for (const one of indices) this.lastUsed_V.indexFill_(0, one.flatten(), imagesSeen);
        const dead_K = this.lastUsed_V
          .lt(imagesSeen - after)
          .nonzero()
          .squeeze(1);
        const count = dead_K.size(0);
        if (count === 0) return 0;
        const chosen_K = randint(0, rows_PC.size(0), [count], { generator: random });
        codebook.embedding.weight_VD.indexCopy_(0, dead_K, rows_PC.indexSelect(0, chosen_K));
        this.lastUsed_V.indexFill_(0, dead_K, imagesSeen);
        return count;
      }),
    );
  }
}

/** Share of the codes that occur in indices of any shape. */
export function usedShare(indices: readonly Tensor[], vocabularySize: number): number {
  return scope(() => {
    const all = ops.cat(indices.map((one) => one.flatten()), 0); // prettier-ignore
    return all.bincount(null, vocabularySize).gt(0).sum().item() / vocabularySize;
  });
}
