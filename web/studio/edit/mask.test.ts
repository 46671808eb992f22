// Masks: strokes, boxes, the tokens below them, and what of an edit an address holds.
import { expect, test } from 'vitest';
import { editOf } from './link.js';
import {
  emptyMask,
  inverted,
  isMarked,
  type Mask,
  maskOfText,
  maskText,
  tokensMarked,
  withBox,
  withStroke,
} from './mask.js';

const rows = ({ width, bits }: Mask) =>
  Array.from({ length: bits.length / width }, (_, y) => [...bits.slice(y * width, (y + 1) * width)].join(''));

test('a box has both of its corners, whichever they are, and stays within the image', () => {
  const box = withBox(emptyMask(4, 3), { x: 2.9, y: 1.2 }, { x: 1.1, y: -5 }, 1);
  expect(rows(box)).toEqual(['0110', '0110', '0000']);
  expect(rows(withBox(box, { x: 0, y: 0 }, { x: 1, y: 0 }, 0))).toEqual(['0010', '0110', '0000']);
});

test('a stroke is as wide as its brush, marks at least what it passes, and leaves the mask before as it was', () => {
  const before = emptyMask(5, 5);
  expect(rows(withStroke(before, { x: 0.5, y: 2.5 }, { x: 4.5, y: 2.5 }, 1, 1))).toEqual(['00000', '00000', '11111', '00000', '00000']); // prettier-ignore
  expect(rows(withStroke(before, { x: 2.5, y: 2.5 }, { x: 2.5, y: 2.5 }, 3, 1))).toEqual(['00000', '01110', '01110', '01110', '00000']); // prettier-ignore
  expect([isMarked(before), isMarked(inverted(before))]).toEqual([false, true]);
});

test('a token is made anew where one of its pixels is', () => {
  const mask = withBox(emptyMask(6, 4), { x: 1, y: 1 }, { x: 2, y: 1 }, 1);
  expect(rows(tokensMarked(mask, 2))).toEqual(['110', '000']);
  expect(rows(tokensMarked(mask, 4))).toEqual(['10']);
});

test('a mask as text is read as it was written, and texts that are none are not', () => {
  const mask = withBox(emptyMask(40, 40), { x: 3, y: 3 }, { x: 20, y: 30 }, 1);
  for (const one of [mask, inverted(mask), emptyMask(4, 4), inverted(emptyMask(4, 4))])
    expect(maskOfText(maskText(one), one.width, one.height)).toEqual(one);
  for (const wrong of ['', '5', '1..2', '17', '-1', 'Z']) expect(maskOfText(wrong, 4, 4)).toBeUndefined();
});

test('an address tells what is done to an image', () => {
  const size = { width: 4, height: 4 };
  expect(editOf('?task=outpaint&margins=0-1-2-30&feather=2', size)).toEqual({ task: 'outpaint', margins: { left: 0, right: 1, up: 2, down: 30 }, feather: 2 }); // prettier-ignore
  expect(editOf('?task=inpaint&mask=5.b', size)).toEqual({ task: 'inpaint', mask: maskOfText('5.b', 4, 4) });
  expect(editOf('?task=other&margins=1-2&mask=9.9.9&feather=x', size)).toEqual({});
});
