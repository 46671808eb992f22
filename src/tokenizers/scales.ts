// Scales: the sizes, in tokens, at which an image is told, from coarse to fine.

/** Size of one scale: the side of a square, or height and width. */
export type Scale = number | readonly [height: number, width: number];

/** The scales of an image, e.g. `[1, 2, 3, 4, 6, 8]` or `[1, [2, 3], [4, 6]]`. */
export type Scales = readonly Scale[];

/** Height and width of a scale. */
export function sizeOf(scale: Scale): readonly [height: number, width: number] {
  return typeof scale === 'number' ? [scale, scale] : scale;
}

/** Tokens of one scale. */
export function tokensOf(scale: Scale): number {
  const [height, width] = sizeOf(scale);
  return height * width;
}

/** Tokens of all scales together. */
export function tokenCount(scales: Scales): number {
  return scales.reduce<number>((sum, scale) => sum + tokensOf(scale), 0);
}

/** Whether two scales are of one size. */
export function sameScale(a: Scale, b: Scale): boolean {
  const [[aHeight, aWidth], [bHeight, bWidth]] = [sizeOf(a), sizeOf(b)];
  return aHeight === bHeight && aWidth === bWidth;
}

/** A scale for people: `8 × 8`. */
export function scaleName(scale: Scale): string {
  return sizeOf(scale).join(' × ');
}

/** A list of scales as the command line takes it: `1,2,4x6`. */
export function scalesText(scales: Scales): string {
  return scales.map((scale) => (typeof scale === 'number' ? String(scale) : scale.join('x'))).join(',');
}
