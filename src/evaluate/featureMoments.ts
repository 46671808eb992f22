// Moments of features that come in blocks, from any number of processes, in any order: the result is the same to the last bit.
// Images are numbered. Each run of `rowsPerChunk` of them makes a chunk, whose moments are computed once all its rows are there; chunks are
// merged in a fixed binary tree over their numbers, so that neither who computed a chunk nor when can change how numbers are added up.
// Legend: B images of a block, R rows of a chunk, D feature dimensions.
import { keep, noGrad, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { mergeMoments, type Moments, momentsOf } from './moments.js';

/** Images of a chunk. */
export const rowsPerChunk = 1024;

/** Rows of a chunk that is not complete. */
interface Pending {
  rows_RD: Tensor;
  present: Uint8Array;
}

/** A node of the tree: the chunks [index · 2^level, (index + 1) · 2^level), all complete. */
interface Node {
  level: number;
  index: number;
  moments: Moments;
}

const firstChunk = ({ level, index }: Node): number => index * 2 ** level;
const pastChunk = ({ level, index }: Node): number => (index + 1) * 2 ** level;

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

/**
 * Moments of features as they come. It holds the rows of incomplete chunks (R × D × 8 bytes each) and 8 D² bytes for each node of the tree: a
 * process whose images are consecutive has at most two nodes a level, one whose images are scattered has a node for every chunk.
 */
export class FeatureMoments implements Disposable {
  readonly #nodes = new Map<string, Node>();
  readonly #pending = new Map<number, Pending>();

  /** @param width dimensions D of a feature, any number */
  constructor(
    readonly width: number,
    readonly rows = rowsPerChunk,
  ) {}

  /**
   * Takes the features of images `first`, `first` + 1, … in.
   * @param features_BD of any floating dtype
   * @throws TypeError where the width differs; Error where an image is there already
   */
  add(first: number, features_BD: Tensor): void {
    const [B, D] = features_BD.shape;
    if (D !== this.width || features_BD.shape.length !== 2)
      throw new TypeError(`moments: expected features [B, ${this.width}], got [${features_BD.shape.join(', ')}]`);
    for (let done = 0; done < B!;) {
      const [chunk, row] = [Math.floor((first + done) / this.rows), (first + done) % this.rows];
      const count = Math.min(B! - done, this.rows - row);
      const present = new Uint8Array(this.rows).fill(1, row, row + count);
      const start = done;
      this.#fill(chunk, present, (target_RD) => {
        target_RD.narrow(0, row, count).copy_(features_BD.narrow(0, start, count));
      });
      done += count;
    }
  }

  /** Whether an image's features were taken in. */
  has(image: number): boolean {
    const chunk = Math.floor(image / this.rows);
    if (this.#covers(chunk)) return true;
    return this.#pending.get(chunk)?.present[image % this.rows] === 1;
  }

  /** Images taken in. */
  get count(): number {
    const complete = [...this.#nodes.values()].reduce((sum, { moments }) => sum + moments.count, 0);
    return [...this.#pending.values()].reduce((sum, { present }) => sum + present.filter(Boolean).length, complete);
  }

  /** Takes over what another one holds, e.g. another process's; that one is empty afterwards. @throws Error where both have an image */
  merge(other: FeatureMoments): void {
    if (other.width !== this.width || other.rows !== this.rows)
      throw new TypeError(`moments: expected chunks of ${this.rows} × ${this.width}, got ${other.rows} × ${other.width}`); // prettier-ignore
    for (const node of other.#nodes.values()) this.#insert(node);
    other.#nodes.clear();
    for (const [chunk, { rows_RD, present }] of other.#pending)
      this.#fill(chunk, present, (target_RD) => {
        const index_R = tensor(BigInt64Array.from([...present.keys()].filter((row) => present[row]).map(BigInt)));
        target_RD.indexCopy_(0, index_R, rows_RD.indexSelect(0, index_R));
      });
    other.dispose();
  }

  /**
   * Moments of all images, in the caller's scope, which must be 0 … N − 1 without a gap.
   * @throws Error that names the first image that is missing
   */
  whole(): Moments {
    const nodes = [...this.#nodes.values()].sort((a, b) => firstChunk(a) - firstChunk(b));
    return scope(() => {
      let next = 0;
      const parts = nodes.map((node) => {
        if (firstChunk(node) !== next) this.#missing(next * this.rows);
        next = pastChunk(node);
        return node.moments;
      });
      const last = this.#lastRows(next);
      if (last) parts.push(momentsOf(last));
      if (parts.length === 0) return this.#nothing();
      const first = parts[0]!;
      const own = { ...first, mean_D: first.mean_D.clone(), scatter_DD: first.scatter_DD.clone() };
      return parts.slice(1).reduce(mergeMoments, own);
    });
  }

  /** All that it holds, to be saved and given to `restore`: references, good until it is changed. */
  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const { level, index, moments } of this.#nodes.values()) {
      state.set(`mean.${level}.${index}`, moments.mean_D);
      state.set(`scatter.${level}.${index}`, moments.scatter_DD);
    }
    for (const [chunk, { rows_RD, present }] of this.#pending) {
      state.set(`rows.${chunk}`, rows_RD);
      state.set(`present.${chunk}`, tensor(present));
    }
    return state;
  }

  /** What `state` gave, bit for bit; the tensors are copied. */
  static restore(state: ReadonlyMap<string, Tensor>, width: number, rows = rowsPerChunk): FeatureMoments {
    const moments = new FeatureMoments(width, rows);
    for (const [name, value] of state) {
      const [kind, a, b] = name.split('.');
      const [first, second] = [Number(a), Number(b)];
      if (kind !== 'present' && value.size(-1) !== width)
        throw new TypeError(`moments: expected a state of width ${width}, got ${value.size(-1)}`);
      if (kind === 'rows') {
        const present = state.get(`present.${first}`)!.data<'uint8'>();
        moments.#fill(first, present, (target_RD) => {
          target_RD.copy_(value);
        });
      }
      if (kind !== 'mean') continue;
      const scatter_DD = state.get(`scatter.${first}.${second}`)!.clone();
      const node = kept({ count: rows * 2 ** first, mean_D: value.clone(), scatter_DD });
      moments.#insert({ level: first, index: second, moments: node });
    }
    return moments;
  }

  dispose(): void {
    for (const { moments } of this.#nodes.values()) discard(moments);
    for (const { rows_RD } of this.#pending.values()) rows_RD.dispose();
    this.#nodes.clear();
    this.#pending.clear();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }

  #covers(chunk: number): boolean {
    return [...this.#nodes.values()].some((node) => firstChunk(node) <= chunk && chunk < pastChunk(node));
  }

  /** Puts rows into a chunk; one that is complete then becomes a node. */
  #fill(chunk: number, present: Uint8Array, write: (target_RD: Tensor) => void): void {
    let pending = this.#pending.get(chunk);
    const complete = this.#covers(chunk);
    const twice = present.findIndex((there, row) => there === 1 && (complete || pending?.present[row] === 1));
    if (twice >= 0) throw new Error(`moments: image ${chunk * this.rows + twice} was given twice`);
    if (!pending) {
      pending = { rows_RD: keep(zeros([this.rows, this.width], { dtype: 'float64' })), present: new Uint8Array(this.rows) }; // prettier-ignore
      this.#pending.set(chunk, pending);
    }
    const { rows_RD, present: all } = pending;
    noGrad(() => {
      scope(() => {
        write(rows_RD);
      });
    });
    for (const [row, there] of present.entries()) if (there) all[row] = 1;
    if (all.includes(0)) return;
    const moments = scope(() => kept(momentsOf(rows_RD)));
    this.#pending.delete(chunk);
    rows_RD.dispose();
    this.#insert({ level: 0, index: chunk, moments });
  }

  /** Puts a node in and merges it with its sibling, their parent with its own, and so on. */
  #insert(node: Node): void {
    for (const other of this.#nodes.values())
      if (firstChunk(other) < pastChunk(node) && firstChunk(node) < pastChunk(other))
        throw new Error(`moments: image ${Math.max(firstChunk(node), firstChunk(other)) * this.rows} was given twice`);
    for (const [chunk, { present }] of this.#pending)
      if (firstChunk(node) <= chunk && chunk < pastChunk(node))
        throw new Error(`moments: image ${chunk * this.rows + present.indexOf(1)} was given twice`);
    const siblingKey = `${node.level}.${node.index % 2 ? node.index - 1 : node.index + 1}`;
    const sibling = this.#nodes.get(siblingKey);
    if (!sibling) {
      this.#nodes.set(`${node.level}.${node.index}`, node);
      return;
    }
    this.#nodes.delete(siblingKey);
    const [left, right] = node.index % 2 ? [sibling, node] : [node, sibling];
    const moments = scope(() => kept(mergeMoments(left.moments, right.moments)));
    discard(left.moments);
    discard(right.moments);
    this.#insert({ level: node.level + 1, index: Math.floor(node.index / 2), moments });
  }

  /** The rows after the last complete chunk [r, D], which must be the first of theirs; undefined where there are none. */
  #lastRows(chunk: number): Tensor | undefined {
    const chunks = [...this.#pending.keys()];
    if (chunks.length === 0) return undefined;
    const pending = this.#pending.get(chunk);
    if (!pending) this.#missing(chunk * this.rows);
    const count = pending.present.lastIndexOf(1) + 1;
    const gap = pending.present.subarray(0, count).indexOf(0);
    if (gap >= 0 || chunks.length > 1) this.#missing(chunk * this.rows + (gap >= 0 ? gap : count));
    return pending.rows_RD.narrow(0, 0, count);
  }

  #nothing(): Moments {
    const [mean_D, scatter_DD] = [[this.width], [this.width, this.width]].map((shape) => zeros(shape, { dtype: 'float64' })); // prettier-ignore
    return { count: 0, mean_D: mean_D!, scatter_DD: scatter_DD! };
  }

  #missing(image: number): never {
    throw new Error(`moments: the features of image ${image} are missing`);
  }
}
