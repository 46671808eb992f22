// The targets that a generator's settings ask for: stored tokens, latents (or tokens) encoded once where images are seen again, or pixels encoded each time.
import type { ImageSet, ImageSource } from '../data/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { alone, type World } from '../train/index.js';
import { settlePrecision } from './machine.js';
import { listsDrawn } from './scaleLists.js';
import { openInOrder } from './readings.js';
import type { GeneratorSettings, RefineSettings } from './settings.js';
import { type TargetSource, targetsOfPixels } from './targets.js';
import { targetsOfLatents } from './targetsOfLatents.js';
import { targetsOfTokens } from './targetsOfTokens.js';
import { TokenStore } from './tokenStore.js';
import { loaderFor, othersOf } from './training.js';

/** Opens the source of a training's targets over stored tokens; `verify`: whether this process reads them all beside the training. */
export function targetsOfStore(
  folder: string,
  settings: GeneratorSettings | RefineSettings,
  tokenizer: Tokenizer,
  verify: boolean,
): TargetSource {
  const { seed, flip, crop, crops, imageSize, device } = settings;
  const lists = listsDrawn(settings, tokenizer.family);
  return targetsOfTokens(folder, tokenizer, { seed, flip, crop, crops, imageSize, lists, device, verify });
}

/** The classes of stored tokens. */
export function storedClasses(folder: string): readonly string[] {
  using store = new TokenStore(folder);
  return store.settings.classes;
}

/** Images of stored tokens. */
export function storedCount(folder: string): number {
  using store = new TokenStore(folder);
  return store.settings.images;
}

/** Opens the source of a training's targets over a set of images; the processes of a world encode latents together. */
export function targetsFor(
  settings: GeneratorSettings | RefineSettings,
  tokenizer: Tokenizer,
  images: ImageSet | ImageSource,
  world: World = alone,
): Promise<TargetSource> {
  const { device, seed, flip, crop, images: total, imageSize: side, workers } = settings;
  const crops = crop ? settings.crops : undefined;
  const encoding = { device, precision: settlePrecision(settings.precision, device) };
  const again = total > images.labels.length; // only images that are seen again are worth keeping
  if (settings.cacheLatents && again && (!crop || crops)) {
    const inOrder = openInOrder(images, { side, crops, ...(workers > 0 && { workers }) });
    const sides = tokenizer.latentPerScale ? listsDrawn(settings, tokenizer.family).flat() : [];
    const options = { seed, readings: { flip, crops }, encoding, sides, others: othersOf(world) };
    return targetsOfLatents(tokenizer, inOrder, options);
  }
  return Promise.resolve(targetsOfPixels(tokenizer, loaderFor(settings, images), encoding));
}
