// What an edit starts from: the pixels of an image at the size that the model makes, and which of them stay.
// Legend: H and W sides of the canvas.
import { existsSync } from 'node:fs';
import { BrokenImage, type CropSize, planCrop, readImage, type ReadImage } from '../data/imageFile.js'; // without libtorch: the studio's server makes canvases too
import type { Cell } from '../evaluate/index.js';
import { UsageError } from '../util/errors.js';

/** A canvas with something on it. */
export interface Canvas {
  height: number;
  width: number;
  /** [3, H, W] row-major. */
  pixels: Uint8Array;
  /** 1 where a pixel stays, 0 where it is made anew [H, W]. */
  keep: Uint8Array;
  /** Sides of the file that the image came from. */
  file: { height: number; width: number };
}

type Size = readonly [height: number, width: number];

/** An image's path, or the bytes of its file. */
export type ImageBytes = string | Uint8Array;

const nameOf = (source: ImageBytes) => (typeof source === 'string' ? source : 'it');

async function read(flag: string, source: ImageBytes, size: CropSize): Promise<ReadImage> {
  if (typeof source === 'string' && !existsSync(source)) throw new UsageError(`${flag}: there is no file ${source}`);
  try {
    return await readImage(source, size);
  } catch (error) {
    if (!(error instanceof BrokenImage)) throw error;
    throw new UsageError(`${flag}: ${nameOf(source)} is no whole image: ${error.message}; give another file`);
  }
}

/** An image on a canvas of its own size, all of it kept: resized so that it covers the canvas, the centre cut out. */
export async function readCanvas(source: ImageBytes, size: Size): Promise<Canvas> {
  const { pixels, width, height } = await read('--image', source, size);
  const keep = new Uint8Array(size[0] * size[1]).fill(1);
  return { height: size[0], width: size[1], pixels, keep, file: { height, width } };
}

function refuseEmpty(canvas: Canvas, sentence: string): Canvas {
  if (canvas.keep.includes(0)) return canvas;
  throw new UsageError(sentence);
}

/**
 * The canvas with a mask file's white (brightness of at least one half) to be made anew. A mask of another size is resized and cut as the image
 * was; one of another shape is refused, since it would lie elsewhere.
 */
export async function maskByFile(canvas: Canvas, source: ImageBytes): Promise<Canvas> {
  const { height, width, file } = canvas;
  const mask = await read('--mask', source, [height, width]);
  const skew = Math.abs(mask.width * file.height - mask.height * file.width);
  if (skew > Math.max(file.width, file.height))
    // more than a pixel's rounding
    throw new UsageError(
      `--mask: expected the shape of the image (${file.width} × ${file.height} pixels), got ${mask.width} × ${mask.height}; give a mask of the same shape`,
    );
  const plane = height * width;
  const brightness = (at: number) => (mask.pixels[at]! + mask.pixels[plane + at]! + mask.pixels[2 * plane + at]!) / 3;
  const keep = canvas.keep.map((_, at) => (brightness(at) < 127.5 ? 1 : 0));
  return refuseEmpty(
    { ...canvas, keep },
    `--mask: expected white where the image is to be made anew, ${nameOf(source)} has none on the part that is used; paint some`,
  );
}

/** The canvas with a box, in pixels of the image's file, to be made anew; a pixel that the box touches counts as in it. */
export function maskByBox(canvas: Canvas, [x, y, w, h]: readonly [number, number, number, number]): Canvas {
  const { height, width, file } = canvas;
  if (w < 1 || h < 1 || x + w > file.width || y + h > file.height)
    throw new UsageError(
      `--box: ${[x, y, w, h].join(',')} is not a box within the image of ${file.width} × ${file.height} pixels; expected x,y,width,height`,
    );
  const plan = planCrop(file.width, file.height, [height, width]);
  const [across, down] = [plan.width / file.width, plan.height / file.height];
  const inside = (at: number, from: number, length: number, factor: number, cut: number) =>
    at + 1 > from * factor - cut && at < (from + length) * factor - cut;
  const keep = canvas.keep.map((_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return inside(row, y, h, down, plan.top) && inside(column, x, w, across, plan.left) ? 0 : 1;
  });
  return refuseEmpty(
    { ...canvas, keep },
    '--box: it lies in what is cut off to give the image the shape of the canvas; choose another place',
  );
}

/** Pixels of the canvas beyond the image, on each side. */
export interface Margins {
  left: number;
  right: number;
  up: number;
  down: number;
}

/** An image on a larger canvas: it stays, and what lies beyond it, where its edge is repeated until then, is made anew. */
export async function readExtended(
  source: ImageBytes,
  [H, W]: Size,
  { left, right, up, down }: Margins,
): Promise<Canvas> {
  const [high, wide] = [H - up - down, W - left - right];
  if (left + right + up + down === 0)
    throw new UsageError('outpaint: expected room beyond the image; give --left, --right, --up or --down');
  if (high < 1 || wide < 1)
    throw new UsageError(
      `outpaint: the margins leave nothing of a canvas of ${W} × ${H} pixels for the image; choose smaller ones, or larger --scales with a FlexVAR generator`,
    );
  const image = await readCanvas(source, [high, wide]);
  const [pixels, keep] = [new Uint8Array(3 * H * W), new Uint8Array(H * W)];
  const clamp = (at: number, length: number) => Math.min(Math.max(at, 0), length - 1);
  for (let y = 0; y < H; y++)
    for (let x = 0; x < W; x++) {
      const [row, column] = [clamp(y - up, high), clamp(x - left, wide)];
      keep[y * W + x] = row === y - up && column === x - left ? 1 : 0;
      for (let channel = 0; channel < 3; channel++)
        pixels[(channel * H + y) * W + x] = image.pixels[(channel * high + row) * wide + column]!;
    }
  return { height: H, width: W, pixels, keep, file: image.file };
}

/** The image of a canvas as a cell. */
export function canvasCell({ height, width, pixels }: Canvas): Cell {
  const plane = height * width;
  const rgb = Uint8Array.from({ length: 3 * plane }, (_, i) => pixels[(i % 3) * plane + Math.floor(i / 3)]!);
  return { rgb, width, height };
}

/** Brightness that shows what is made anew: white would run into the page. */
const anew = 160;

/** The mask of a canvas as a cell: white is made anew. */
export function maskCell({ height, width, keep }: Canvas): Cell {
  const rgb = Uint8Array.from({ length: 3 * height * width }, (_, i) => (keep[Math.floor(i / 3)] ? 0 : anew));
  return { rgb, width, height };
}

/**
 * A result with the canvas's own pixels put back where they stay. Within `feather` pixels of the border, the fewer of the pixels around stay, the
 * less of the canvas is put back.
 */
export function pasteBack(result: Cell, canvas: Canvas, feather: number): Cell {
  const { height, width, keep } = canvas;
  const original = canvasCell(canvas).rgb;
  const share = (row: number, column: number) => {
    let [kept, all] = [0, 0];
    for (let y = Math.max(0, row - feather); y <= Math.min(height - 1, row + feather); y++)
      for (let x = Math.max(0, column - feather); x <= Math.min(width - 1, column + feather); x++) {
        kept += keep[y * width + x]!;
        all++;
      }
    return Math.max(0, (2 * kept) / all - 1);
  };
  const shares = Array.from(keep, (one, i) => (one ? share(Math.floor(i / width), i % width) : 0));
  const rgb = result.rgb.map((made, i) => {
    const part = shares[Math.floor(i / 3)]!;
    return Math.round(part * original[i]! + (1 - part) * made);
  });
  return { ...result, rgb };
}
