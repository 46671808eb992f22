// One image file as bytes: any format below, depth, palette, transparency, colour space or EXIF rotation becomes 8-bit RGB, upright, of one size.
// Decoding and resizing are libvips' (sharp); here are only which files are let in, and the crop.
import { open, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { CropChance } from './chance.js';
import { plainJpegSize } from './jpegSize.js';

/** The largest image that is decoded, in pixels: more is taken for a decompression bomb. */
export const mostPixels = 64_000_000;

/** A file that is not a whole image; the message says why. */
export class BrokenImage extends Error {}

const signatures: readonly [format: string, at: number, bytes: string][] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['webp', 8, 'WEBP'],
  ['gif', 0, 'GIF8'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['avif', 4, 'ftypavif'],
];

/** The image format of a file by its first bytes, whatever its name; libvips' loaders for other formats (SVG, PDF, …) are never reached. */
function formatOf(first: Uint8Array): string {
  if (first.length === 0) throw new BrokenImage('the file is empty');
  const start = Buffer.from(first).toString('latin1');
  const found = signatures.find(([, at, bytes]) => start.startsWith(bytes, at));
  if (!found) throw new BrokenImage('no image by its first bytes (JPEG, PNG, WebP, GIF, TIFF and AVIF are read)');
  return found[0];
}

async function firstBytes(path: string): Promise<Uint8Array> {
  if (!(await stat(path)).isFile()) throw new BrokenImage('it is no file'); // opening a pipe would wait for ever
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What is cut out of an image: a square of so many pixels, or height and width. */
export type CropSize = number | readonly [height: number, width: number];

const sidesOf = (size: CropSize) => (typeof size === 'number' ? ([size, size] as const) : size);

/** How an image is resized (width × height) and where the crop is cut out. */
export interface CropPlan {
  width: number;
  height: number;
  left: number;
  top: number;
}

/**
 * The crop of FlexVAR's training (ADM's random crop): the short side becomes a random whole number of pixels from `side` to `side`/0.88, rounded
 * up, and a random square is cut out. Without chance: the image becomes as small as the crop allows, and the centre is cut out.
 */
export function planCrop(width: number, height: number, size: CropSize, chance?: CropChance): CropPlan {
  const [high, wide] = sidesOf(size);
  const longest = Math.ceil(Math.min(high, wide) / 0.88);
  const more = chance ? Math.floor(chance[0] * (longest - Math.min(high, wide) + 1)) : 0;
  const scale = Math.max((high + more) / height, (wide + more) / width);
  const resized = {
    width: Math.max(wide + more, Math.round(width * scale)),
    height: Math.max(high + more, Math.round(height * scale)),
  };
  const place = (room: number, at: number | undefined) => (at === undefined ? room >> 1 : Math.floor(at * (room + 1)));
  return { ...resized, left: place(resized.width - wide, chance?.[1]), top: place(resized.height - high, chance?.[2]) };
}

/** What a file held. */
export interface FileFacts {
  /** Size in pixels, upright. */
  width: number;
  height: number;
  /** e.g. `jpeg`. */
  format: string;
  /** Channels and depth, e.g. `RGB` or `16-bit grey with transparency`. */
  colour: string;
}

/** An image as it was read. */
export interface ReadImage extends FileFacts {
  /** [3, H, W] of the crop, row-major. */
  pixels: Uint8Array;
}

const spaces: Readonly<Record<string, string>> = { srgb: 'RGB', rgb: 'RGB', rgb16: '16-bit RGB', 'b-w': 'grey', grey16: '16-bit grey', cmyk: 'CMYK' }; // prettier-ignore

function colourOf({ space, hasAlpha }: Metadata): string {
  return `${spaces[space] ?? space}${hasAlpha ? ' with transparency' : ''}`;
}

/** Interleaved pixels as planes, mirrored where `flip` says so. */
function toPlanes(data: Uint8Array, [high, wide]: readonly [number, number], flip: boolean): Uint8Array {
  const plane = high * wide;
  const channels = data.length / plane;
  if (channels !== 1 && channels !== 3) throw new BrokenImage(`it has ${channels} channels after conversion to RGB`);
  const planes = new Uint8Array(3 * plane);
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  const step = flip ? -channels : channels;
  for (let to = 0; to < plane;) {
    let from = (flip ? to + wide - 1 : to) * channels;
    for (const end = to + wide; to < end; to++, from += step) {
      planes[to] = data[from]!;
      planes[plane + to] = data[from + green]!;
      planes[2 * plane + to] = data[from + blue]!;
    }
  }
  return planes;
}

interface Head {
  width: number;
  height: number;
  colour: string;
  hasAlpha: boolean;
}

/** What an image says of itself; of a plain JPEG in memory without another pass of libvips. */
async function headOf(image: Sharp, source: string | Uint8Array): Promise<Head> {
  const size = typeof source === 'string' ? undefined : plainJpegSize(source);
  if (size) return { ...size, colour: 'RGB', hasAlpha: false };
  const metadata = await image.metadata();
  return { ...metadata.autoOrient, colour: colourOf(metadata), hasAlpha: metadata.hasAlpha };
}

/** How an image is read. */
export interface ReadOptions {
  /** Where the crop is cut out; the middle where this is absent. */
  crop?: CropChance;
  /** Mirrors the image. */
  flip?: boolean;
}

/**
 * Reads one image, of a path or of the bytes of its file; transparent parts become white, of an animation the first frame counts.
 *
 * Against the published augmentation, which halves with Pillow's BOX while the short side is at least twice what it should become, then resizes by
 * BICUBIC: libvips' cubic is the same filter, and where nothing is halved the two differ by rounding (56 dB). Nothing is halved here; a JPEG is
 * decoded at 1/2, 1/4 or 1/8 of its size, the smallest that is not below the size wanted. That is 50 dB or more from the same of the full size, and
 * as far from Pillow's as Pillow's own BICUBIC of the full size: 47 dB on photographs, down to 34 on hard stripes.
 * @throws BrokenImage where the file is no whole image, or larger than `mostPixels`.
 */
export async function readImage(
  source: string | Uint8Array,
  size: CropSize,
  options: ReadOptions = {},
): Promise<ReadImage> {
  const [high, wide] = sidesOf(size);
  const path = typeof source === 'string' ? source : '';
  try {
    const format = formatOf(typeof source === 'string' ? await firstBytes(source) : source.subarray(0, 16));
    const image = sharp(source, { failOn: 'error', limitInputPixels: mostPixels, sequentialRead: true }).autoOrient();
    const { width, height, colour, hasAlpha } = await headOf(image, source);
    const plan = planCrop(width, height, size, options.crop);
    const { data } = await (hasAlpha ? image.flatten({ background: '#ffffff' }) : image)
      .toColourspace('srgb')
      .resize(plan.width, plan.height, { fit: 'fill', kernel: 'cubic' })
      .extract({ left: plan.left, top: plan.top, width: wide, height: high })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { pixels: toPlanes(data, [high, wide], options.flip ?? false), width, height, format, colour };
  } catch (error) {
    if (error instanceof BrokenImage) throw error;
    const [line] = (error as Error).message.split('\n') as [string];
    const said = path ? line.replaceAll(`${path}: `, '') : line;
    throw new BrokenImage(said.replace(/^Input (?:file|buffer) (.)/, (_, letter: string) => `the file ${letter}`));
  }
}
