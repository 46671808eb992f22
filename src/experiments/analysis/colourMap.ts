// Maps of numbers as pictures on one colour scale, which is drawn beneath them.
// Legend: B images, H and W their sides.
import sharp from 'sharp';
import { type Cell, type Png } from '../../evaluate/index.js';
import type { Tensor } from '../../torch/index.js';

/** Ten colours of viridis (Smith and van der Walt 2015), evenly spaced: perceptually uniform, and readable in grey. */
const viridis = [
  '440154',
  '482878',
  '3e4989',
  '31688e',
  '26828e',
  '1f9e89',
  '35b779',
  '6ece58',
  'b5de2b',
  'fde725',
].map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));

/** The colour (RGB bytes) of a number from 0 to 1; what lies outside has the colour of the nearer end. */
export function colourOf(value: number): [red: number, green: number, blue: number] {
  const place = Math.min(Math.max(value, 0), 1) * (viridis.length - 1);
  const below = Math.min(Math.floor(place), viridis.length - 2);
  const part = place - below;
  const mixed = viridis[below]!.map((one, i) => Math.round(one + part * (viridis[below + 1]![i]! - one)));
  return mixed as [number, number, number];
}

/** Maps [B, H, W] as cells, 0 in the darkest colour and `top` in the lightest. */
export function mapCells(map_BHW: Tensor, top: number): Cell[] {
  const [B, H, W] = map_BHW.shape as [number, number, number];
  const values = map_BHW.toArray();
  return Array.from({ length: B }, (_, image) => {
    const rgb = new Uint8Array(3 * H * W);
    for (let at = 0; at < H * W; at++) rgb.set(colourOf(values[image * H * W + at]! / top), 3 * at);
    return { rgb, width: W, height: H };
  });
}

/** The value below which a share of all numbers lies. */
export function quantileOf(maps: readonly Tensor[], share: number): number {
  const values = Float64Array.from(maps.flatMap((map) => map.toArray())).sort();
  return values[Math.min(values.length - 1, Math.floor(share * values.length))]!;
}

const legendHeight = 52;

/** The picture with its colour scale beneath it: 0, half of `top`, `top`, and a line that says what the numbers are. */
export async function withColourScale({ data, width, height }: Png, top: number, note: string): Promise<Png> {
  const wide = Math.min(320, width - 12);
  const stops = Array.from({ length: 21 }, (_, i) => `<stop offset="${i / 20}" stop-color="rgb(${colourOf(i / 20).join()})"/>`); // prettier-ignore
  const font = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" fill="#222"';
  const tick = (x: number, text: string, anchor: string) => `<text x="${x}" y="32" text-anchor="${anchor}" ${font}>${text}</text>`; // prettier-ignore
  const escaped = note.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const legend = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${legendHeight}">
<defs><linearGradient id="scale">${stops.join('')}</linearGradient></defs>
<rect x="6" y="6" width="${wide}" height="12" fill="url(#scale)"/>
${tick(6, '0', 'start')}${tick(6 + wide / 2, (top / 2).toPrecision(2), 'middle')}${tick(6 + wide, top.toPrecision(2), 'end')}
<text x="6" y="48" ${font}>${escaped}</text></svg>`;
  const extended = await sharp(data)
    .extend({ bottom: legendHeight, background: '#ffffff' })
    .composite([{ input: Buffer.from(legend), left: 0, top: height }])
    .png({ compressionLevel: 9 })
    .toBuffer();
  return { data: extended, width, height: height + legendHeight };
}
