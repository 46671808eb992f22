// Dead-code revival: a codebook collapses when codes stop being used; those unused for long are moved onto rows that the batch asked about.
// Legend: B images of this process, P rows of an image, C code width, V codes, K dead codes.
import { full, type Generator, keep, noGrad, randint, scope, type Tensor, zeros } from '../torch/index.js';
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
   * @param rows_BPC the rows of this process's images (`TrainingPyramid.rows_BPC`)
   * @param others the processes that hold the rest of the batch, in the order of their ranks
   * @returns how many codes were moved
   */
  revive(
    codebook: Codebook,
    indices: readonly Tensor[],
    rows_BPC: Tensor,
    imagesSeen: number,
    after: number,
    random: Generator,
    others?: Others,
  ): number {
    return noGrad(() =>
      scope(() => {
        this.lastUsed_V.maskedFill_(usedCodes(indices, this.lastUsed_V.numel, others), imagesSeen);
        const dead_K = this.lastUsed_V
          .lt(imagesSeen - after)
          .nonzero()
          .squeeze(1);
        const count = dead_K.size(0);
        if (count === 0) return 0;
        codebook.embedding.weight_VD.indexCopy_(0, dead_K, someRows(rows_BPC, count, random, others));
        this.lastUsed_V.indexFill_(0, dead_K, imagesSeen);
        return count;
      }),
    );
  }
}

/** The processes that share a batch. */
export interface Others {
  rank: number;
  size: number;
  /** Adds up a tensor over all of them, in place. */
  sum(tensor: Tensor): void;
}

/** `count` random rows [K, C] of the whole batch: each comes from the process that has it. */
function someRows(rows_BPC: Tensor, count: number, random: Generator, others?: Others): Tensor {
  const own = rows_BPC.size(0) * rows_BPC.size(1);
  const chosen_K = randint(0, own * (others?.size ?? 1), [count], { generator: random, device: rows_BPC.device });
  const here_K = chosen_K.sub(own * (others?.rank ?? 0));
  const mine_K = here_K.ge(0).logicalAnd(here_K.lt(own));
  const rows_KC = rows_BPC.flatten(0, 1).indexSelect(0, here_K.clamp(0, own - 1));
  if (!others) return rows_KC;
  const sum_KC = rows_KC.mul(mine_K.unsqueeze(1));
  others.sum(sum_KC);
  return sum_KC;
}

/** Which codes [V] occur in indices of any shape, those of the other processes among them. */
function usedCodes(indices: readonly Tensor[], vocabularySize: number, others?: Others): Tensor {
  const used_V = zeros([vocabularySize], { device: indices[0]!.device });
  for (const one of indices) used_V.indexFill_(0, one.flatten(), 1);
  others?.sum(used_V);
  return used_V.gt(0);
}

/** Share of the codes that occur in indices of any shape, those of the other processes among them. */
export function usedShare(indices: readonly Tensor[], vocabularySize: number, others?: Others): number {
  return scope(() => usedCodes(indices, vocabularySize, others).sum().item() / vocabularySize);
}
