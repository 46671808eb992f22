// Images that turn out to be broken in the middle of a training: each is named once, and the next one that reads stands in for it.
import { UsageError } from '../util/errors.js';
import type { ImageSource } from './sources/source.js';

const always = 10; // so many are borne with, however few images were seen
const share = 0.01;

/** The broken images of a set as far as they are known. */
export class BrokenImages {
  private readonly known = new Set<number>();
  private seen = 0;
  private tooMany: UsageError | undefined;

  constructor(
    private readonly source: ImageSource,
    private readonly say: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
  ) {}

  /** The image itself, or the next in the set that is not known to be broken. */
  standIn(index: number): number {
    const { length } = this.source.labels;
    let now = index;
    while (this.known.has(now)) now = (now + 1) % length;
    return now;
  }

  /** Counts images that were asked for. */
  saw(images: number): void {
    this.seen += images;
  }

  /**
   * Names an image that could not be read.
   * @throws UsageError where they are more than ten and more than a hundredth of the images seen, or none is left.
   */
  add(index: number, reason: string): void {
    if (this.tooMany) throw this.tooMany;
    if (this.known.has(index)) return;
    const { source, known } = this;
    known.add(index);
    const named = `${source.nameOf(index)}: ${reason}`;
    const total = source.labels.length;
    const seen = Math.min(this.seen, total);
    if (known.size === total || known.size > Math.max(always, share * seen)) {
      this.tooMany = new UsageError(
        `${source.name}: ${known.size} broken images among the first ${Math.max(seen, known.size)}, more than 1 % (the last: ${named}); replace or remove them`,
      );
      throw this.tooMany;
    }
    this.say(`${named}; left out, the next image stands in for it`);
  }
}
