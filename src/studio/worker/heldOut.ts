// Held-out images of the data that a model was trained on, where the cache has it.
import { cacheState, type ImageSet, packagedData, pixelsOf, readPackagedData } from '../../data/index.js';
import { chooseImages } from '../../experiments/analysis/heldOut.js';
import type { GeneratorCard } from '../../recipes/index.js';
import { UsageError } from '../../util/errors.js';
import type { HeldOutImages } from '../api/index.js';
import type { ModelSource } from './messages.js';
import type { ModelShelf } from './modelShelf.js';
import { pictureUrl } from './pictureUrl.js';

/** How many are offered, the classes in turn, and the seed that chooses them. */
const [offered, seed] = [40, 0];

/** Held-out images, and what a model calls their classes. */
export interface HeldOut {
  set: ImageSet;
  /** The model's label of an image; null where its classes are others. */
  labelOf: (index: number) => number | null;
}

/** The set that was read last: a model is asked about again and again. */
let latest: ImageSet | undefined;

/** @throws UsageError where the data is not packaged, not in the cache, or of another size */
export function heldOutOf({ data, classes, imageSize }: GeneratorCard): HeldOut {
  const packaged = packagedData.find(({ name }) => name === data);
  if (!packaged)
    throw new UsageError('image: the data of this model is none that Scalewise fetches by name; take an image of your own, or one that the model draws'); // prettier-ignore
  if (cacheState(packaged).state !== 'whole' || latest?.name !== data) latest = readPackagedData(packaged, 'test');
  const set = latest;
  if (set.height !== imageSize)
    throw new UsageError(`image: the images of ${data} are of ${set.height} pixels, this model's of ${imageSize}; take an image of your own`); // prettier-ignore
  const alike = set.classes.join('\n') === classes.join('\n');
  return { set, labelOf: (index) => (alike ? set.labels[index]! : null) };
}

/** Some images to choose from; none, and a sentence about it, where there are none to be had. */
export async function listHeldOut(shelf: ModelShelf, source: ModelSource): Promise<HeldOutImages> {
  const { card } = shelf.take(source);
  try {
    const { set, labelOf } = heldOutOf(card);
    const images = chooseImages(set.labels, Math.min(offered, set.labels.length), seed).map(async (index) => {
      const label = labelOf(index);
      const picture = await pictureUrl(cellOf(set, index));
      return { index, label, class: set.classes[set.labels[index]!]!, picture };
    });
    return { data: card.data, note: null, images: await Promise.all(images) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { data: card.data, note: error.message.replace(/^image: /, ''), images: [] };
  }
}

function cellOf(set: ImageSet, index: number) {
  const { channels, height, width } = set;
  const pixels = pixelsOf(set, index);
  const plane = height * width;
  const rgb = Uint8Array.from({ length: 3 * plane }, (_, i) => pixels[(i % channels) * plane + Math.floor(i / 3)]!);
  return { rgb, height, width };
}
