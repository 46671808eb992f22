// TensorFlow 1's resize against a plain loop over pixels, and against values worked out by hand.
import { expect, test } from 'vitest';
import { ops, scope, tensor } from '../../torch/index.js';
import { resizeLikeTensorFlow } from './resize.js';

type Plane = number[][];

/** One plane, pixel by pixel: the four neighbours of (y · H / h, x · W / w), in float32. */
function slowly(plane: Plane, [height, width]: readonly [number, number]): Plane {
  const round = Math.fround;
  const [scaleY, scaleX] = [round(plane.length / height), round(plane[0]!.length / width)];
  const mix = (a: number, b: number, part: number) => round(a + round(round(b - a) * part));
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const [atY, atX] = [round(y * scaleY), round(x * scaleX)];
      const [top, left] = [Math.floor(atY), Math.floor(atX)];
      const [bottom, right] = [Math.min(top + 1, plane.length - 1), Math.min(left + 1, plane[0]!.length - 1)];
      const along = (row: number) => mix(plane[row]![left]!, plane[row]![right]!, round(atX - left));
      return mix(along(top), along(bottom), round(atY - top));
    }),
  );
}

const planeOf = (height: number, width: number): Plane =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (x * 37 + y * 101 + x * y * 7) % 256),
  );

const resized = (plane: Plane, size: readonly [number, number]): number[] =>
  scope(() => resizeLikeTensorFlow(tensor([[plane]]), size).toArray());

test.each([
  [
    [4, 5],
    [7, 11],
  ],
  [
    [32, 32],
    [299, 299],
  ],
  [
    [256, 192],
    [299, 299],
  ],
  [
    [512, 300],
    [299, 299],
  ],
  [
    [1, 1],
    [3, 2],
  ],
  [
    [6, 299],
    [299, 299],
  ],
] as const)('%j to %j', ([height, width], size) => {
  const plane = planeOf(height, width);
  expect(resized(plane, size)).toEqual(slowly(plane, size).flat());
});

test('corners count, not centres of pixels', () => {
  expect(resized([[0, 10]], [1, 4])).toEqual([0, 5, 10, 10]);
  const ramp = Array.from({ length: 8 }, (_, x) => x);
  expect(resized([ramp], [1, 4])).toEqual([0, 2, 4, 6]); // every other pixel: no antialias
});

test('each image and channel by itself; the same size is left alone', () => {
  scope(() => {
    const image_B3HW = ops.stack([planeOf(5, 4), planeOf(5, 4).reverse(), planeOf(5, 4)].map((one) => tensor(one)), 0).unsqueeze(0).repeat([2, 1, 1, 1]); // prettier-ignore
    const found = resizeLikeTensorFlow(image_B3HW, [9, 9]);
    expect(found.shape).toEqual([2, 3, 9, 9]);
    expect(found.select(0, 1).select(0, 1).toArray()).toEqual(slowly(planeOf(5, 4).reverse(), [9, 9]).flat());
    expect(resizeLikeTensorFlow(image_B3HW, [5, 4])).toBe(image_B3HW);
  });
});
