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

/** A mask as text: the lengths of its runs, kept and marked in turns, kept first. */
export function maskText({ bits }: Mask): string {
  const runs: number[] = [];
  let at = 0;
  for (let value = 0; at < bits.length; value = 1 - value) {
    const start = at;
    while (at < bits.length && bits[at] === value) at++;
    runs.push(at - start);
  }
  return runs.map((run) => run.toString(36)).join('.');
}

/** The mask of a text; undefined where it is none of that size. */
export function maskOfText(text: string, width: number, height: number): Mask | undefined {
  if (!/^[0-9a-z]+(\.[0-9a-z]+)*$/.test(text)) return undefined;
  const runs = text.split('.').map((run) => parseInt(run, 36));
  if (runs.reduce((sum, run) => sum + run, 0) !== width * height) return undefined;
  const mask = emptyMask(width, height);
  let at = 0;
  runs.forEach((run, i) => {
    mask.bits.fill(i % 2 ? 1 : 0, at, at + run);
    at += run;
  });
  return mask;
}
