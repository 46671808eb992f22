// What the cells of an analysis' picture show, written beside its figures: a page can then cut them out, one image and scale at a time.
import type { GridPlaces, Png } from '../../evaluate/index.js';

/** A picture whose cells are known: a group of rows an image. */
export interface PictureCells extends GridPlaces {
  file: string;
  size: [width: number, height: number];
  columns: readonly string[];
  groups: readonly { name: string; rows: readonly string[] }[];
}

/** Tells the cells of a file that was drawn from a grid, and perhaps has more beneath it. */
export function pictureCells(
  file: string,
  { width, height }: Png,
  { first, box, step }: GridPlaces,
  columns: readonly string[],
  groups: PictureCells['groups'],
): PictureCells {
  return { file, size: [width, height], first, box, step, columns, groups };
}
