// Readings: the ways in which a set's images were read beforehand, for training to draw from. Each of so many crops (or the centre alone), and
// each also mirrored where flips are wanted. A reading is numbered crop after crop, the mirrored one behind its crop's plain one.
import { chanceOf, chanceOfVariant, type ImageChance, type Loader, type LoaderOptions, openLoader, variantOf } from '../data/index.js'; // prettier-ignore

/** Crops of every image: how many, and the seed that says where they are cut. */
export interface Crops {
  count: number;
  seed: number;
}

/** The readings that there are of every image; without crops it is the centre. */
export interface Readings {
  flip: boolean;
  crops?: Crops | undefined;
}

/** Readings of an image. */
export function readingCount({ flip, crops }: Readings): number {
  return (crops?.count ?? 1) * (flip ? 2 : 1);
}

/** Which reading image `number` of a training is, a mirrored one only where `mirror` lets it. */
export function readingOf(seed: number, number: number, { flip, crops }: Readings, mirror = flip): number {
  const crop = crops ? variantOf(seed, number, crops.count) : 0;
  return crop * (flip ? 2 : 1) + Number(mirror && chanceOf(seed, number).flip);
}

/** The chance by which a loader cuts the crops that the readings hold: its images are then the very ones that `readingOf` names. */
export function chanceAmong(crops: Crops, seed: number): (number: number, index: number) => ImageChance {
  return (number, index) => ({
    crop: chanceOfVariant(crops.seed, index, variantOf(seed, number, crops.count)),
    flip: chanceOf(seed, number).flip,
  });
}

/** A loader of the set's images in their own order, `crops.count` crops of each after another, none mirrored. */
export function openInOrder(
  source: Parameters<typeof openLoader>[0],
  options: Pick<LoaderOptions, 'side' | 'workers'> & { crops: Crops | undefined },
): Loader {
  const { crops, ...rest } = options;
  const count = crops?.count ?? 1;
  return openLoader(source, {
    ...rest,
    seed: 0,
    flip: false,
    crop: crops !== undefined,
    order: (number) => Math.floor(number / count),
    ...(crops && { chance: (number, index) => ({ crop: chanceOfVariant(crops.seed, index, number % count), flip: false }) }), // prettier-ignore
  });
}
