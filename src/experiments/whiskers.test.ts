// Intervals end in bars, and in arrowheads where the frame cuts them.
import { expect, test } from 'vitest';
import { type Cut, cutTo, whiskerDatum, whiskerItem } from './whiskers.js';

const frame = [-60, 60] as const;

interface Shape {
  type: string;
  shape: { x1: number; y1: number; x2: number; y2: number; points: number[][] };
}

/** The shapes of an interval in row 0, ten pixels a unit; y grows downwards. */
function shapesOf(cut: Cut, horizontal = true, shift = 0): Shape[] {
  const data = whiskerDatum(0, cut);
  const coord = ([x, y]: readonly number[]) => [10 * x!, -10 * y!];
  return whiskerItem('#000', horizontal, shift)(null, { value: (i) => data[i]!, coord }).children as Shape[];
}

test('an interval within the frame ends in bars', () => {
  const [stem, ...ends] = shapesOf(cutTo(frame, -2, 5));
  expect(stem!.shape).toMatchObject({ x1: -20, x2: 50 });
  expect(ends.map(({ type, shape }) => [type, shape.x1, shape.x2])).toEqual([['line', -20, -20], ['line', 50, 50]]); // prettier-ignore
});

test('an end that the frame cuts is an arrowhead that points out of it', () => {
  const cut = cutTo(frame, 18.2, 67.4);
  expect(cut).toEqual({ low: 18.2, high: 60, lowIsCut: false, highIsCut: true });
  const [stem, low, high] = shapesOf(cut);
  expect(stem!.shape.x2).toBe(600);
  expect(low).toMatchObject({ type: 'line', shape: { x1: 182, x2: 182 } });
  const xs = high!.shape.points.map(([x]) => x!);
  expect(high!.type).toBe('polygon');
  expect(xs[0]).toBe(600);
  expect(Math.max(xs[1]!, xs[2]!)).toBeLessThan(600);
});

test('both ends may be cut, and point away from each other', () => {
  const [, low, high] = shapesOf(cutTo(frame, -80, 80));
  expect(low!.shape.points[0]![0]).toBe(-600);
  expect(low!.shape.points[1]![0]).toBeGreaterThan(-600);
  expect(high!.shape.points[1]![0]).toBeLessThan(600);
});

test.each([[[83, 237], 600], [[70, 70], 600], [[-90, -70], -600]] as const)(
  'an interval beyond the frame, %j, is one arrow on its edge', ([low, high], edge) => {
    const shapes = shapesOf(cutTo(frame, low, high));
    expect(shapes.map(({ type }) => type)).toEqual(['line', 'polygon']);
    expect(shapes[1]!.shape.points[0]![0]).toBe(edge);
    expect(Math.abs(shapes[0]!.shape.x1)).toBeLessThan(600);
  },
); // prettier-ignore

test('upright, it goes along y and may stand aside', () => {
  const [stem, low, high] = shapesOf(cutTo([1, Infinity], 0, 5), false, 3);
  expect(stem!.shape).toMatchObject({ x1: 3, x2: 3, y1: -10, y2: -50 });
  expect(low!.shape.points[0]).toEqual([3, -10]);
  expect(low!.shape.points[1]![1]).toBeLessThan(-10); // the arrow's back lies above its tip
  expect(high).toMatchObject({ type: 'line', shape: { y1: -50, y2: -50 } });
});
