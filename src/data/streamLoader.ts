// A loader over images that stay where they are: a thread decodes what is asked for next while the main thread computes.
// Legend: B images, H and W the side.
import { availableParallelism } from 'node:os';
import { scope, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { BrokenImages } from './brokenImages.js';
import { startDecoder } from './decoder.js';
import { toImages } from './imageSet.js';
import { type LoadedBatch, type Loader, type LoaderOptions, planSpan, type Span } from './loader.js';
import type { ImageSource } from './sources/source.js';

/** A span in memory. */
interface Decoded {
  bytes: SharedArrayBuffer;
  indices: number[];
}

const mostAhead = 2 ** 29; // bytes of decoded images that nobody has asked for yet
const keyOf = ({ first, size }: Span) => `${first} ${size}`;

/** Opens the loader, which starts its thread. */
export function streamLoader(source: ImageSource, options: LoaderOptions): Loader {
  const { side, crop, flip, workers = Math.min(4, availableParallelism()) } = options;
  const { labels, classes, name } = source;
  const count = labels.length;
  if (!Number.isInteger(side) || side < 1)
    throw new UsageError(`${name}: images of ${side} pixels; expected a whole number of at least 1`);
  const imageBytes = 3 * side * side;
  const decoder = startDecoder(workers);
  const broken = new BrokenImages(source, options.say);
  const ahead = new Map<string, Promise<Decoded>>();
  const free: SharedArrayBuffer[] = [];

  /** Memory of a span: one that was used before, since fresh memory is slow. */
  function take(bytes: number): SharedArrayBuffer {
    const at = free.findIndex((one) => one.byteLength === bytes);
    return at < 0 ? new SharedArrayBuffer(bytes) : free.splice(at, 1)[0]!;
  }

  async function decode(span: Span): Promise<Decoded> {
    const { indices, chances } = planSpan(count, span, options);
    const into = take(span.size * imageBytes);
    let rows = indices.map((_, row) => row);
    while (rows.length) {
      const tasks = rows.map((row) => {
        const index = (indices[row] = broken.standIn(indices[row]!));
        const chance = chances[row]!;
        return { row, place: source.placeOf(index), crop: crop ? chance.crop : undefined, flip: flip && chance.flip };
      });
      const failed = await decoder.decode({ into, side, tasks });
      for (const { row, reason } of failed) broken.add(indices[row]!, reason);
      rows = failed.map(({ row }) => row);
    }
    broken.saw(span.size);
    return { bytes: into, indices };
  }

  function start(span: Span): Promise<Decoded> {
    const decoded = ahead.get(keyOf(span)) ?? decode(span);
    decoded.catch(() => undefined); // told when it is asked for
    return decoded;
  }

  /** Begins what will be asked for, in order, as far as memory goes; forgets what will not. */
  function lookAhead(following: readonly Span[]): void {
    const wanted = new Map<string, Promise<Decoded>>();
    let bytes = 0;
    for (const span of following) {
      bytes += span.size * imageBytes;
      if (bytes > mostAhead) break;
      wanted.set(keyOf(span), start(span));
    }
    ahead.clear();
    for (const [key, decoded] of wanted) ahead.set(key, decoded);
  }

  function toBatch({ bytes, indices }: Decoded): LoadedBatch {
    return scope(() => ({
      image_B3HW: toImages(tensor(new Uint8Array(bytes), { shape: [indices.length, 3, side, side] })),
      labels_B: tensor(indices.map((index) => labels[index]!), { dtype: 'int64' }), // prettier-ignore
      indices,
    }));
  }

  return {
    count,
    classes,
    async next(span, following = []) {
      const asked = start(span);
      lookAhead(following);
      const decoded = await asked;
      const batch = toBatch(decoded);
      if (free.length < 4) free.push(decoded.bytes);
      return batch;
    },
    close: () => decoder.close(),
  };
}
