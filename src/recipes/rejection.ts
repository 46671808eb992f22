// Rejection sampling: of several candidates for an image the classifier picks. What comes out for an image depends on its class and its seed alone,
// not on the images beside it (as far as the drawing of one image does not).
// Legend: B images, K classes.
import { setImmediate } from 'node:timers/promises';
import { toBytes, toImages } from '../data/index.js';
import { type Cell, cellsOf, type Classifier } from '../evaluate/index.js';
import { scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { seedFor } from '../util/random.js';

/** Draws one image for each label and seed: [B, 3, H, W] in [−1, 1], in the caller's scope. */
export type DrawImages = (labels: readonly number[], seeds: readonly number[]) => Tensor;

/** How candidates are chosen from. */
export interface RejectionOptions {
  /** Candidates for an image, at most. */
  candidates: number;
  /** A candidate whose class has at least this probability is taken at once; without it all are drawn and the best is taken. */
  threshold?: number;
  /** Candidates that are drawn at once. */
  batchSize: number;
}

/** The image that was taken. */
export interface TakenImage extends Cell {
  index: number;
  label: number;
  /** The seed that the taken candidate was drawn with. */
  seed: number;
  /** Which candidate it is, from 0. */
  candidate: number;
  /** What the classifier gives its class. */
  probability: number;
}

/** What the choosing did so far. */
export interface RejectionCounts {
  /** Images taken. */
  images: number;
  /** Candidates drawn for them. */
  drawn: number;
  /** Images that reached the threshold; 0 without one. */
  reached: number;
}

/** The seed of an image's candidate; the first has the image's own. */
export function candidateSeed(seed: number, candidate: number): number {
  return candidate === 0 ? seed : seedFor(seed, 'candidate', candidate);
}

/** An image whose candidates are being drawn. */
interface OpenImage {
  index: number;
  label: number;
  seed: number;
  drawn: number;
  best?: TakenImage;
}

/** Chooses images; its counts may be read while it does. */
export class RejectionSampler {
  readonly counts: RejectionCounts = { images: 0, drawn: 0, reached: 0 };

  /** @throws UsageError where the options cannot be followed */
  constructor(
    readonly draw: DrawImages,
    readonly classifier: Pick<Classifier, 'judge' | 'classes'>,
    readonly options: RejectionOptions,
  ) {
    const { candidates, threshold, batchSize } = options;
    for (const [what, value] of Object.entries({ candidates, batchSize }))
      if (!(Number.isInteger(value) && value > 0))
        throw new UsageError(`rejection sampling: ${what}: expected a whole number from 1 on, got ${value}`);
    if (threshold !== undefined && !(threshold > 0 && threshold <= 1))
      throw new UsageError(
        `rejection sampling: threshold: expected a probability above 0 and up to 1, got ${threshold}`,
      );
  }

  /**
   * The images of these labels and seeds, in their order. Batches stay full: an image that was taken leaves its place to the next.
   * @param signal ends it between two candidates
   */
  async *sample(labels: readonly number[], seeds: readonly number[], signal?: AbortSignal): AsyncGenerator<TakenImage> {
    this.#check(labels, seeds);
    const taken = new Map<number, TakenImage>();
    let open: OpenImage[] = [];
    let next = 0;
    for (let index = 0; index < labels.length;) {
      for (; open.length < this.options.batchSize && next < labels.length; next++)
        open.push({ index: next, label: labels[next]!, seed: seeds[next]!, drawn: 0 });
      this.#round(open);
      await setImmediate(); // lets signals and finalisers in
      if (signal?.aborted) return;
      for (const one of open.filter((one) => this.#settled(one))) taken.set(one.index, one.best!);
      open = open.filter((one) => !taken.has(one.index));
      for (let image = taken.get(index); image; image = taken.get(index)) {
        taken.delete(index++);
        yield image;
      }
    }
  }

  /** Draws one candidate more for each. */
  #round(open: readonly OpenImage[]): void {
    const labels = open.map((one) => one.label);
    const seeds = open.map((one) => candidateSeed(one.seed, one.drawn));
    const { cells, probabilities } = scope(() => this.#judged(labels, seeds));
    open.forEach((one, i) => {
      const candidate = { index: one.index, label: one.label, seed: seeds[i]!, candidate: one.drawn, probability: probabilities[i]!, ...cells[i]! }; // prettier-ignore
      if (!one.best || candidate.probability > one.best.probability) one.best = candidate;
      one.drawn++;
    });
  }

  /** Images, as the 8-bit pictures that they would be saved as, and the probabilities of their classes. */
  #judged(labels: readonly number[], seeds: readonly number[]): { cells: Cell[]; probabilities: number[] } {
    const bytes_B3HW = toBytes(this.draw(labels, seeds));
    const image_B3HW = toImages(bytes_B3HW);
    const probabilities_BK = this.classifier.judge(image_B3HW).logits_BK.to('float64').softmax(1);
    const labels_B1 = tensor([...labels], { dtype: 'int64', shape: [labels.length, 1], device: image_B3HW.device });
    return { cells: cellsOf(image_B3HW), probabilities: probabilities_BK.gather(1, labels_B1).toArray() };
  }

  /** Whether an image's best candidate is to be taken; counts it if so. */
  #settled({ best, drawn }: OpenImage): boolean {
    const { candidates, threshold = Infinity } = this.options;
    const reached = best!.probability >= threshold;
    if (!reached && drawn < candidates) return false;
    this.counts.images++;
    this.counts.drawn += drawn;
    if (reached) this.counts.reached++;
    return true;
  }

  #check(labels: readonly number[], seeds: readonly number[]): void {
    if (labels.length !== seeds.length)
      throw new UsageError(
        `rejection sampling: expected one seed for each label, got ${labels.length} labels and ${seeds.length} seeds`,
      );
    const { classes } = this.classifier;
    const wrong = labels.find((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
    if (wrong !== undefined)
      throw new UsageError(`rejection sampling: the classifier knows the classes 0 to ${classes - 1}, got ${wrong}`);
  }
}
