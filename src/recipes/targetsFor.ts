// The targets that a generator's settings ask for: stored tokens, latents encoded once where images are seen again, or pixels encoded each time.
import { type ImageSet, type ImageSource, openLoader } from '../data/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { settlePrecision } from './machine.js';
import { chanceAmong, openInOrder } from './readings.js';
import type { GeneratorSettings, RefineSettings } from './settings.js';
import { type TargetSource, targetsOfPixels } from './targets.js';
import { targetsOfLatents } from './targetsOfLatents.js';

/** Opens the source of a training's targets over a set of images. */
export function targetsFor(
  settings: GeneratorSettings | RefineSettings,
  tokenizer: Tokenizer,
  images: ImageSet | ImageSource,
): Promise<TargetSource> {
  const { device, seed, flip, crop, crops, images: total, imageSize: side, workers } = settings;
  const encoding = { device, precision: settlePrecision(settings.precision, device) };
  const reading = { side, ...(workers > 0 && { workers }) };
  const again = total > images.labels.length; // only images that are seen again are worth keeping
  if (settings.cacheLatents && again && (!crop || crops)) {
    const inOrder = openInOrder(images, { ...reading, crops });
    return targetsOfLatents(tokenizer, inOrder, { seed, readings: { flip, crops }, encoding });
  }
  const loader = openLoader(images, {
    ...reading,
    seed,
    flip,
    crop,
    ...(crops && { chance: chanceAmong(crops, seed) }),
  });
  return Promise.resolve(targetsOfPixels(tokenizer, loader, encoding));
}
