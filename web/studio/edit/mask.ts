// A mask over an image: which pixels are made anew. Masks are not changed; each stroke makes another one.

export interface Mask {
  width: number;
  height: number;
  /** Row by row; 1 where a pixel is made anew. */
  bits: Uint8Array;
}

/** A position in pixels; fractions lie within a pixel. */
export interface Point {
  x: number;
  y: number;
}

/** A mask with nothing marked. */
export function emptyMask(width: number, height: number): Mask {
  return { width, height, bits: new Uint8Array(width * height) };
}

/** With the pixels from one corner to the other set, both corners included, where `inside` holds. */
function fill(mask: Mask, from: Point, to: Point, value: 0 | 1, inside: (x: number, y: number) => boolean): Mask {
  const { width, height } = mask;
  const bits = mask.bits.slice();
  const bound = (at: number, size: number) => Math.min(size - 1, Math.max(0, Math.floor(at)));
  for (let y = bound(from.y, height); y <= bound(to.y, height); y++)
    for (let x = bound(from.x, width); x <= bound(to.x, width); x++) if (inside(x, y)) bits[y * width + x] = value;
  return { width, height, bits };
}

/** A rectangle between two points, whichever corners they are. */
export function withBox(mask: Mask, a: Point, b: Point, value: 0 | 1): Mask {
  const from = { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y) };
  const to = { x: Math.max(a.x, b.x), y: Math.max(a.y, b.y) };
  return fill(mask, from, to, value, () => true);
}

/** A stroke from one point to another with a round brush, `size` pixels wide. */
export function withStroke(mask: Mask, a: Point, b: Point, size: number, value: 0 | 1): Mask {
  const radius = size / 2;
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const inside = (x: number, y: number): boolean => {
    const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
    return Math.hypot(px - along * dx, py - along * dy) <= Math.max(radius, 0.71); // at least the pixel below it
  };
  const from = { x: Math.min(a.x, b.x) - radius, y: Math.min(a.y, b.y) - radius };
  const to = { x: Math.max(a.x, b.x) + radius, y: Math.max(a.y, b.y) + radius };
  return fill(mask, from, to, value, inside);
}

/** What was marked is not, and the other way round. */
export function inverted({ width, height, bits }: Mask): Mask {
  return { width, height, bits: bits.map((bit) => 1 - bit) };
}

/** Whether any pixel is marked. */
export const isMarked = ({ bits }: Mask): boolean => bits.includes(1);

/** The tokens of the last scale that are made anew: those with a marked pixel. Row by row. */
export function tokensMarked({ width, height, bits }: Mask, stride: number): Mask {
  const across = Math.ceil(width / stride);
  const tokens = emptyMask(across, Math.ceil(height / stride));
  bits.forEach((bit, i) => {
    if (bit) tokens.bits[Math.floor(Math.floor(i / width) / stride) * across + Math.floor((i % width) / stride)] = 1;
  });
  return tokens;
}

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
