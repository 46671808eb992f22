// Colours of numbers: the ends, the order, and that one scale serves all maps.
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { gridPng } from '../../evaluate/index.js';
import { scope, tensor } from '../../torch/index.js';
import { colourOf, mapCells, quantileOf, withColourScale } from './colourMap.js';

test('from dark to light, the brighter the larger', () => {
  expect(colourOf(0)).toEqual([0x44, 0x01, 0x54]);
  expect(colourOf(1)).toEqual([0xfd, 0xe7, 0x25]);
  expect([colourOf(-3), colourOf(7)]).toEqual([colourOf(0), colourOf(1)]);
  const luminance = Array.from({ length: 50 }, (_, i) => {
    const [r, g, b] = colourOf(i / 49);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  expect(luminance).toEqual([...luminance].sort((a, b) => a - b));
});

test('maps as cells, and the quantile that a scale may end at', () => {
  scope(() => {
    const map = tensor([0, 1, 2, 4, 4, 2, 1, 0], { shape: [2, 2, 2] });
    const [first, second] = mapCells(map, 4);
    expect([...first!.rgb.slice(0, 3)]).toEqual(colourOf(0));
    expect([...second!.rgb.slice(0, 3)]).toEqual(colourOf(1));
    expect([...first!.rgb.slice(3, 6)]).toEqual(colourOf(0.25));
    expect([quantileOf([map], 0.5), quantileOf([map, map], 1)]).toEqual([2, 4]);
  });
});

test('the scale is drawn beneath the picture', async () => {
  const cell = { rgb: new Uint8Array(3 * 16).fill(200), width: 4, height: 4 };
  const grid = await gridPng([cell, cell], { columns: 2, cellSize: 100 });
  const drawn = await withColourScale(grid, 0.25, 'a < b');
  const { data, info } = await sharp(drawn.data).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([drawn.width, drawn.height]);
  const pixel = (x: number, y: number) => [...data.subarray(3 * (y * info.width + x)).subarray(0, 3)];
  const near = (found: number[], wanted: number[]) => Math.max(...found.map((one, i) => Math.abs(one - wanted[i]!)));
  expect(near(pixel(7, grid.height + 12), colourOf(0))).toBeLessThan(12);
  expect(near(pixel(Math.min(320, grid.width - 12) + 4, grid.height + 12), colourOf(1))).toBeLessThan(12);
});
