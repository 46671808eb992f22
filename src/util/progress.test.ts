// How progress tells of itself in a pipe: rates and remaining time by a clock that only goes forward, a line every ten seconds.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progress } from './progress.js';

const told: string[] = [];
let seconds = 0;
beforeEach(() => {
  told.length = 0;
  seconds = 100;
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => told.push(String(line)) > 0);
  vi.spyOn(performance, 'now').mockImplementation(() => 1000 * seconds);
  vi.stubGlobal('Date', { now: () => { throw new Error('the date may jump'); } }); // prettier-ignore
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test('the first news at once, then one line in ten seconds, and the last one', () => {
  const bar = progress({ label: 'train', total: 100, unit: 'images', start: 20 });
  const at = (time: number, done: number, note?: string) => {
    seconds = 100 + time;
    bar.update(done, note);
  };
  at(1, 22);
  at(9, 30);
  at(12, 44, 'loss 1.5');
  at(15, 50);
  bar.stop();
  bar.stop();
  expect(told).toEqual([
    'train: 22/100 images, 2.00 images/s, 39 s left\n',
    'train: 44/100 images, 2.00 images/s, 28 s left, loss 1.5\n',
    'train: 50/100 images, 2.00 images/s, 25 s left\n',
  ]);
});

test('nothing was done, nothing is told', () => {
  progress({ label: 'train', total: 100, unit: 'images' }).stop();
  const quiet = progress({ label: 'train', total: 100, unit: 'images', quiet: true });
  quiet.update(50);
  quiet.stop();
  expect(told).toEqual([]);
});
