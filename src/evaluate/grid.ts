// Pictures of pictures: grids with labels, as PNG. Small images are enlarged by whole factors, without smoothing.
// Legend: B images, H and W their sides.
import sharp from 'sharp';
import { toBytes } from '../data/index.js';
import type { Tensor } from '../torch/index.js';

/** A PNG and its size in pixels. */
export interface Png {
  data: Buffer;
  width: number;
  height: number;
}

/** One picture of a grid: RGB bytes in reading order. */
export interface Cell {
  rgb: Uint8Array;
  width: number;
  height: number;
}

/** Images [B, 3, H, W] in [−1, 1] as cells. */
export function cellsOf(image_B3HW: Tensor): Cell[] {
  const [B, , H, W] = image_B3HW.shape as [number, number, number, number];
  using bytes_B3HW = toBytes(image_B3HW);
  const all = bytes_B3HW.bytes();
  const plane = H * W;
  return Array.from({ length: B }, (_, image) => {
    const rgb = new Uint8Array(3 * plane);
    for (let channel = 0; channel < 3; channel++)
      for (let at = 0; at < plane; at++) rgb[at * 3 + channel] = all[(image * 3 + channel) * plane + at]!;
    return { rgb, width: W, height: H };
  });
}

/** A cell's own PNG. */
export async function cellPng({ rgb, width, height }: Cell): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Where the cells of a grid are, in pixels: the first one's corner, their box, and the way from one to the next; x before y. */
export interface GridPlaces {
  first: [number, number];
  box: [number, number];
  step: [number, number];
}

/** How a grid is laid out. */
export interface GridOptions {
  columns: number;
  /** Pixels that every cell is enlarged to, at least, in width; all cells have the box of the widest. */
  cellSize?: number;
  rowLabels?: readonly string[];
  columnLabels?: readonly string[];
  title?: string;
}

const gap = 2;
const escape = (text: string) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Enlarges to a box by repeating pixels (the nearest ones where the factor is not whole). */
async function enlarge(cell: Cell, width: number, height: number): Promise<Buffer> {
  const raw = { width: cell.width, height: cell.height, channels: 3 as const };
  return sharp(cell.rgb, { raw }).resize(width, height, { kernel: 'nearest', fit: 'fill' }).png().toBuffer();
}

/** Lays cells out in rows. */
export async function gridPng(cells: readonly Cell[], options: GridOptions): Promise<Png & { places: GridPlaces }> {
  const { columns, rowLabels = [], columnLabels = [], title } = options;
  const largest = cells.reduce((a, b) => (b.width > a.width ? b : a));
  const factor = Math.max(1, Math.ceil((options.cellSize ?? 64) / largest.width));
  const [boxWidth, boxHeight] = [largest.width * factor, largest.height * factor];
  const rows = Math.ceil(cells.length / columns);
  const left = rowLabels.length ? 12 + 7 * Math.max(...rowLabels.map((label) => label.length)) : gap;
  const titleHeight = title ? 26 : 0;
  const top = titleHeight + (columnLabels.length ? 20 : gap);
  const width = left + columns * (boxWidth + gap);
  const height = top + rows * (boxHeight + gap);
  const at = (i: number) => ({
    left: left + (i % columns) * (boxWidth + gap),
    top: top + Math.floor(i / columns) * (boxHeight + gap),
  });
  const font = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" fill="#222"';
  const texts = [
    ...rowLabels.map(
      (label, row) =>
        `<text x="6" y="${top + row * (boxHeight + gap) + boxHeight / 2 + 4}" font-size="12" ${font}>${escape(label)}</text>`,
    ),
    ...columnLabels.map(
      (label, column) =>
        `<text x="${left + column * (boxWidth + gap) + boxWidth / 2}" y="${top - 6}" font-size="12" text-anchor="middle" ${font}>${escape(label)}</text>`,
    ),
    title ? `<text x="6" y="18" font-size="14" ${font}>${escape(title)}</text>` : '',
  ];
  const overlay = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join('')}</svg>`,
  );
  const pictures = await Promise.all(
    cells.map(async (cell, i) => ({ input: await enlarge(cell, boxWidth, boxHeight), ...at(i) })),
  );
  const canvas = sharp({ create: { width, height, channels: 3, background: '#ffffff' } });
  const data = await canvas
    .composite([...pictures, { input: overlay, left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
  const places: GridPlaces = {
    first: [left, top],
    box: [boxWidth, boxHeight],
    step: [boxWidth + gap, boxHeight + gap],
  };
  return { data, width, height, places };
}
