// Lists of scales as requests may write them, and sizes in pixels.
import { stretchScales } from '../models/scaleSchedule.js';
import { sizeOf } from '../tokenizers/scales.js';
import { limits, type Scales } from './api/index.js';
import { refuse } from './errors.js';
import type { KnownModel } from './models.js';

/** A list of scales of the name of one of a model's schedules, or of text such as `1,2,3,4x6`. @throws StudioError 400 */
export function scalesOfText(text: string, { details, id }: KnownModel): Scales {
  if (Object.hasOwn(details.schedules, text)) return details.schedules[text]!;
  const found = text.split(',').map((part) => /^\s*([1-9]\d{0,3})(?:x([1-9]\d{0,3}))?\s*$/.exec(part));
  if (found.length > limits.scales || found.includes(null))
    throw refuse('scales', `scales: expected sides such as 1,2,3,4x6, or one of ${id}'s schedules (${Object.keys(details.schedules).join(', ')})`); // prettier-ignore
  return found.map((match) => {
    const [height, width] = [Number(match![1]), Number(match![2] ?? match![1])];
    return height === width ? height : [height, width];
  });
}

/** A model's own scales stretched to `width`x`height` pixels; undefined for `auto`. @throws StudioError 400 */
export function scalesOfSize(size: string, { details }: KnownModel, mostSide: number): Scales | undefined {
  if (size === 'auto') return undefined;
  const [width, height] = size.split('x').map(Number) as [number, number];
  const { stride, imageSize, scales } = details;
  if (height === imageSize[0] && width === imageSize[1]) return scales;
  if (Math.max(width, height) > mostSide)
    throw refuse('size', `size: expected at most ${mostSide} pixels a side, got ${size}; ask for a smaller image`);
  const latent = [height / stride, width / stride] as const;
  if (!latent.every(Number.isInteger))
    throw refuse('size', `size: expected sides divisible by ${stride}, got ${size}; 'auto' is ${imageSize[1]}x${imageSize[0]}`); // prettier-ignore
  return stretchScales(scales, latent) as Scales;
}

/** Height and width in pixels of what scales make. */
export function pixelsOf(scales: Scales, { details }: KnownModel): [height: number, width: number] {
  const [height, width] = sizeOf(scales.at(-1)!);
  return [height * details.stride, width * details.stride];
}
