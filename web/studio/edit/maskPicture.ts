// A mask as requests have it.
import type { Mask } from './mask.js';

/** The mask as a picture: white where an image is made anew. */
export function maskUrl({ width, height, bits }: Mask): string {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(width, height);
  bits.forEach((bit, i) => pixels.data.set([255 * bit, 255 * bit, 255 * bit, 255], 4 * i));
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL('image/png');
}
