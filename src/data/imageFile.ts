// One image file as bytes: any format below, depth, palette, transparency, colour space or EXIF rotation becomes 8-bit RGB, upright, of one size.
// Decoding and resizing are libvips' (sharp); here are only which files are let in, and the crop.
import { open, stat } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';

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
async function formatOf(path: string): Promise<string> {
  if (!(await stat(path)).isFile()) throw new BrokenImage('it is no file'); // opening a pipe would wait for ever
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    if (bytesRead === 0) throw new BrokenImage('the file is empty');
    const start = buffer.toString('latin1', 0, bytesRead);
    const found = signatures.find(([, at, bytes]) => start.startsWith(bytes, at));
    if (!found) throw new BrokenImage('no image by its first bytes (JPEG, PNG, WebP, GIF, TIFF and AVIF are read)');
    return found[0];
  } finally {
    await file.close();
  }
}

/** Chance of one reading of an image: four numbers in [0, 1), for the short side, the crop's place (x, y) and the flip. */
export type Chance = readonly [scale: number, x: number, y: number, flip: number];

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
 * The crop of FlexVAR's training (ADM's random crop): the short side becomes a random number of pixels from `side` to `side`/0.88, and a random
 * square is cut out. Without chance: the image becomes as small as the crop allows, and the centre is cut out.
 */
export function planCrop(width: number, height: number, size: CropSize, chance?: Chance): CropPlan {
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

function toPlanes(data: Uint8Array, [high, wide]: readonly [number, number], flip: boolean): Uint8Array {
  const plane = high * wide;
  const channels = data.length / plane;
  if (channels !== 1 && channels !== 3) throw new BrokenImage(`it has ${channels} channels after conversion to RGB`);
  const planes = new Uint8Array(3 * plane);
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) {
      const from = (y * wide + (flip ? wide - 1 - x : x)) * channels;
      for (let channel = 0; channel < 3; channel++)
        planes[channel * plane + y * wide + x] = data[from + (channels === 3 ? channel : 0)]!;
    }
  return planes;
}

/** How images are read: `crop` and `flip` take part only where there is chance. */
export interface ReadOptions {
  chance?: Chance;
  crop?: boolean;
  flip?: boolean;
}

/**
 * Reads one image; transparent parts become white, of an animation the first frame counts.
 * @throws BrokenImage where the file is no whole image, or larger than `mostPixels`.
 */
export async function readImage(path: string, size: CropSize, options: ReadOptions = {}): Promise<ReadImage> {
  const { chance, crop = true, flip = true } = options;
  const [high, wide] = sidesOf(size);
  try {
    const format = await formatOf(path);
    const image = sharp(path, { failOn: 'error', limitInputPixels: mostPixels, sequentialRead: true }).autoOrient();
    const metadata = await image.metadata();
    const { width, height } = metadata.autoOrient;
    const plan = planCrop(width, height, size, crop ? chance : undefined);
    const { data } = await image
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize(plan.width, plan.height, { fit: 'fill', kernel: 'cubic' })
      .extract({ left: plan.left, top: plan.top, width: wide, height: high })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const flipped = flip && chance !== undefined && chance[3] < 0.5;
    return { pixels: toPlanes(data, [high, wide], flipped), width, height, format, colour: colourOf(metadata) };
  } catch (error) {
    if (error instanceof BrokenImage) throw error;
    const said = (error as Error).message.split('\n')[0]!.replaceAll(`${path}: `, '');
    throw new BrokenImage(said.replace(/^Input file (.)/, (_, letter: string) => `the file ${letter}`));
  }
}
