// The image that an edit starts from, as bytes of whatever was sent, at the size that the scales make.
import sharp from 'sharp';
import { type Canvas, maskByFile, readCanvas, readExtended } from '../recipes/canvas.js';
import { UsageError } from '../util/errors.js';
import { sizeOf } from '../tokenizers/scales.js';
import { type EditRequest, limits, type Scales } from './api/index.js';
import { refuse } from './errors.js';
import type { CanvasEdit } from './worker/messages.js';

/** What an edit was asked with, its pictures as the bytes of their files. */
export interface EditBytes {
  image: Uint8Array;
  /** Its white is made anew. */
  mask?: Uint8Array | undefined;
  margins?: EditRequest['margins'];
  feather?: number | undefined;
}

/** The bytes in a data: URL. */
export function bytesOf(dataUrl: string): Uint8Array {
  return Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64');
}

/** First bytes of the formats that are taken: libvips' other loaders are never reached. */
const signatures = [/^\x89PNG\r\n\x1a\n/, /^\xff\xd8\xff/, /^RIFF[^]{4}WEBP/];

/** Refuses a picture of too many pixels before anything of it is decoded, and what is none. */
export async function checkPicture(param: string, bytes: Uint8Array): Promise<void> {
  const start = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  const broken = refuse(
    param,
    `${param}: expected a PNG, JPEG or WebP, and it is none or is damaged; send another file`,
  );
  if (!signatures.some((one) => one.test(start))) throw broken;
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata().catch(() => { throw broken; }); // prettier-ignore
  if (width * height > limits.pixels)
    throw refuse(param, `${param}: expected at most ${limits.pixels} pixels, got ${width} × ${height}; send a smaller one`); // prettier-ignore
}

/** The part of a UsageError's sentence that names a flag of the command line, as requests name it. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof UsageError)) return error;
  const message = error.message.replace(/^--/, '').replace(/^outpaint/, 'margins');
  return refuse(/^\w+/.exec(message)?.[0] ?? 'edit', message);
}

/** The canvas of an edit. @throws StudioError 400 */
export async function canvasOf(
  { image, mask, margins, feather }: EditBytes,
  scales: Scales,
  stride: number,
): Promise<CanvasEdit> {
  const size = sizeOf(scales.at(-1)!).map((side) => side * stride) as [number, number];
  if ((mask === undefined) === (margins === undefined))
    throw refuse('mask', 'edit: expected either a mask, whose white is made anew, or margins around the image');
  await checkPicture('image', image);
  if (mask) await checkPicture('mask', mask);
  try {
    const canvas: Canvas = margins
      ? await readExtended(image, size, margins)
      : await maskByFile(await readCanvas(image, size), mask!);
    return { canvas, feather };
  } catch (error) {
    throw asRefusal(error);
  }
}

/** An image of a file at the size that the scales make, resized so that it covers it, the centre cut out. @throws StudioError 400 */
export async function imageOf(bytes: Uint8Array, scales: Scales, stride: number): Promise<CanvasEdit['canvas']> {
  const [height, width] = sizeOf(scales.at(-1)!);
  await checkPicture('image', bytes);
  try {
    return await readCanvas(bytes, [height * stride, width * stride]);
  } catch (error) {
    throw asRefusal(error);
  }
}

/** A mask whose white is made anew, of a picture whose transparent parts are. @throws StudioError 400 where nothing is transparent */
export async function maskOfAlpha(param: string, bytes: Uint8Array): Promise<Uint8Array> {
  await checkPicture(param, bytes);
  const picture = sharp(bytes, { limitInputPixels: limits.pixels, failOn: 'error' });
  const refusal = refuse('mask', 'mask: expected a PNG that is transparent where the image is to be made anew, or such an image; found no transparency'); // prettier-ignore
  try {
    if ((await picture.stats()).isOpaque) throw refusal;
    return await picture.autoOrient().ensureAlpha().extractChannel('alpha').negate().toColourspace('b-w').png().toBuffer(); // prettier-ignore
  } catch (error) {
    if (error === refusal) throw refusal;
    throw refuse(param, `${param}: the picture is damaged; send another file`);
  }
}
