// What chance says of an image of the training: where it is cropped and whether it is mirrored. Functions of numbers alone, so that pixels decoded
// anew, latents in memory and stored tokens tell the same story, on any number of processes.
import { seedFor, uniforms } from '../util/random.js';

/** Chance of a crop: numbers in [0, 1) for the short side and the crop's place (x, y); see `planCrop`. */
export type CropChance = readonly [scale: number, x: number, y: number];

/** Chance of one reading of an image. */
export interface ImageChance {
  crop: CropChance;
  flip: boolean;
}

function cropFrom(uniform: () => number): CropChance {
  return [uniform(), uniform(), uniform()];
}

/** The chance of image number `number` of a training, counted from 0 over all epochs and processes. */
export function chanceOf(seed: number, number: number): ImageChance {
  const uniform = uniforms(seedFor(seed, 'image', number));
  return { crop: cropFrom(uniform), flip: uniform() < 0.5 };
}

/**
 * Where a set has but so many `crops` of each image: which of them, 0 … crops − 1, image number `number` of a training is. Independent of
 * `chanceOf`, whose flip holds here too.
 */
export function variantOf(seed: number, number: number, crops: number): number {
  return Math.floor(uniforms(seedFor(seed, 'variant', number))() * crops);
}

/** The chance of crop `variant` of the image `index` of a set, the same in every training. */
export function chanceOfVariant(cropSeed: number, index: number, variant: number): CropChance {
  return cropFrom(uniforms(seedFor(cropSeed, 'crop', index, variant)));
}
