// Moments of features that come in blocks: whatever the blocks, the result is the same to the last bit.
// Each run of `rowsPerChunk` images makes a chunk, whose moments are computed once all its rows are there; chunks are merged in a fixed binary tree over
// their numbers, so that how the images were dealt out cannot change how numbers are added up.
// Legend: B images of a block, R rows of a chunk, r of an incomplete one, D feature dimensions.
import { keep, noGrad, scope, type Tensor, zeros } from '../torch/index.js';
import { mergeMoments, type Moments, momentsOf } from './moments.js';

/** Images of a chunk. */
export const rowsPerChunk = 1024;

/** A node of the tree: the moments of 2^level chunks. */
interface Node {
  level: number;
  moments: Moments;
}

/** Keeps moments alive beyond the scope they were made in. */
function kept(moments: Moments): Moments {
  keep(moments.mean_D);
  keep(moments.scatter_DD);
  return moments;
}

function discard({ mean_D, scatter_DD }: Moments): void {
  mean_D.dispose();
  scatter_DD.dispose();
}

/** Moments of features as they come, in the order of the images. It holds the rows of a chunk (R × D × 8 bytes), and 8 D² bytes a level of the tree. */
export class FeatureMoments implements Disposable {
  /** Ever smaller ones, as the ones in the number of chunks. */
  readonly #nodes: Node[] = [];
  readonly #rows_RD: Tensor;
  #filled = 0;

  /** @param width dimensions D of a feature, any number */
  constructor(
    readonly width: number,
    readonly rows = rowsPerChunk,
  ) {
    this.#rows_RD = keep(zeros([rows, width], { dtype: 'float64' }));
  }

  /** Images taken in. */
  get count(): number {
    return this.#nodes.reduce((sum, { moments }) => sum + moments.count, this.#filled);
  }

  /**
   * Takes the features of the next images in.
   * @param features_BD of any floating dtype
   * @throws TypeError where the width differs
   */
  add(features_BD: Tensor): void {
    const [B, D] = features_BD.shape as [number, number];
    if (D !== this.width || features_BD.shape.length !== 2)
      throw new TypeError(`moments: expected features [B, ${this.width}], got [${features_BD.shape.join(', ')}]`);
    for (let done = 0; done < B;) {
      const size = Math.min(B - done, this.rows - this.#filled);
      noGrad(() => {
        scope(() => void this.#rows_RD.narrow(0, this.#filled, size).copy_(features_BD.narrow(0, done, size)));
      });
      done += size;
      this.#filled += size;
      if (this.#filled === this.rows) this.#complete();
    }
  }

  /** Moments of all images so far, in the caller's scope. */
  whole(): Moments {
    return scope(() => {
      const parts = this.#nodes.map(({ moments }) => moments);
      if (this.#filled > 0) parts.push(momentsOf(this.#rows_RD.narrow(0, 0, this.#filled)));
      const [first, ...others] = parts;
      if (!first) return this.#nothing();
      const own = { ...first, mean_D: first.mean_D.clone(), scatter_DD: first.scatter_DD.clone() };
      return others.reduce(mergeMoments, own);
    });
  }

  dispose(): void {
    for (const { moments } of this.#nodes) discard(moments);
    this.#nodes.length = 0;
    this.#rows_RD.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Makes a node of the chunk, and merges it with its sibling, their parent with its own, and so on. */
  #complete(): void {
    let node: Node = { level: 0, moments: scope(() => kept(momentsOf(this.#rows_RD))) };
    this.#filled = 0;
    while (this.#nodes.at(-1)?.level === node.level) {
      const [left, right] = [this.#nodes.pop()!.moments, node.moments];
      node = { level: node.level + 1, moments: scope(() => kept(mergeMoments(left, right))) };
      discard(left);
      discard(right);
    }
    this.#nodes.push(node);
  }

  #nothing(): Moments {
    const [mean_D, scatter_DD] = [[this.width], [this.width, this.width]].map((shape) => zeros(shape, { dtype: 'float64' })); // prettier-ignore
    return { count: 0, mean_D: mean_D!, scatter_DD: scatter_DD! };
  }
}
