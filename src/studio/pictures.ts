// Pictures as they leave the server: PNG or WebP, with what made them inside.
import sharp from 'sharp';
import { withPngTexts } from '../formats/pngText.js';
import { classText } from './classes.js';
import type { Job, KeptFrame, Unit } from './jobs/job.js';
import type { KnownModel } from './models.js';

/** How a picture is written. */
export interface PictureFormat {
  type: 'png' | 'webp';
  /** Of WebP, 0 to 100; without loss where it is absent. */
  quality?: number | undefined;
}

/** All that is needed to make an image again, as JSON: under the names that `scalewise sample` keeps beside its images. */
export function parametersOf({ plan }: Job, unit: Unit, frame: KeptFrame, { id, details, marks }: KnownModel): string {
  const { cfg, guidance, topK, topP, temperature, greedy, smooth, scales, edit } = plan.request;
  const label = plan.request.class;
  return JSON.stringify({
    generator: id,
    ...marks,
    scales,
    guidance: typeof guidance === 'string' ? { shape: guidance, scale: cfg } : { shape: 'list', weights: guidance },
    topK,
    topP,
    temperature,
    ...(greedy !== undefined && { greedyScales: greedy }),
    ...(smooth && { smooth }),
    precision: 'float32',
    independent: true,
    class: classText(label, details.classes),
    label,
    seed: unit.seed,
    ...(edit && { edit }),
    ...(frame.index < scales.length - 1 && { scalesDrawn: frame.index + 1 }),
  });
}

/** A PNG with a text `parameters`, or the same as WebP, which has it as its EXIF description. */
export async function written(png: Uint8Array, parameters: string, { type, quality }: PictureFormat): Promise<Buffer> {
  if (type === 'png') return withPngTexts(png, { parameters });
  return sharp(png)
    .withExif({ IFD0: { ImageDescription: parameters } })
    .webp(quality === undefined ? { lossless: true } : { quality })
    .toBuffer();
}
