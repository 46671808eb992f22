// The one way to a loader, whatever the images lie in.
import type { ImageSet } from './imageSet.js';
import type { Loader, LoaderOptions } from './loader.js';
import { memoryLoader } from './memoryLoader.js';
import type { ImageSource } from './sources/source.js';
import { streamLoader } from './streamLoader.js';

/**
 * Opens a loader over images in memory, or over a source that is streamed.
 * @throws UsageError where the images cannot be had at that size.
 */
export function openLoader(source: ImageSet | ImageSource, options: LoaderOptions): Loader {
  return 'pixels' in source ? memoryLoader(source, options) : streamLoader(source, options);
}
