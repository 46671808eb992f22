// Grids of pictures: every cell is where the grid says that it is.
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type Cell, gridPng } from './grid.js';

const flat = (value: number): Cell => ({ rgb: new Uint8Array(3 * 4).fill(value), width: 2, height: 2 });

test('cells are enlarged, and found at the places that are told', async () => {
  const values = [10, 60, 110, 160, 210, 250];
  const { data, width, height, places } = await gridPng(values.map(flat), {
    columns: 3,
    cellSize: 9,
    rowLabels: ['one', 'another'],
    columnLabels: ['a', 'b', 'c'],
    title: 'grid',
  });
  const { first, box, step } = places;
  expect([box, await sharp(data).metadata()]).toEqual([[10, 10], expect.objectContaining({ width, height })]);
  for (const [i, value] of values.entries()) {
    const [left, top] = [first[0] + (i % 3) * step[0], first[1] + Math.floor(i / 3) * step[1]];
    const cut = await sharp(data).removeAlpha().extract({ left, top, width: box[0], height: box[1] }).raw().toBuffer(); // prettier-ignore
    expect([i, new Set(cut)]).toEqual([i, new Set([value])]);
  }
});
