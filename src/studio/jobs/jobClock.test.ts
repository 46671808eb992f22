// Only computation counts.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Job } from './job.js';
import { JobClocks } from './jobClock.js';

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }); }); // prettier-ignore
afterEach(() => { vi.useRealTimers(); }); // prettier-ignore

const job = () => new Job({ id: 'x', client: 'a', request: {} as never, frames: false, isKept: false }, []);

test('what a job waits between its batches is not counted, and batches at the same time count once', () => {
  const late: Job[] = [];
  const clocks = new JobClocks(100, (one) => late.push(one));
  const one = job();
  clocks.begin(one);
  clocks.begin(one);
  vi.advanceTimersByTime(60);
  clocks.end(one);
  clocks.end(one);
  vi.advanceTimersByTime(10_000);
  expect(late).toEqual([]);
  clocks.begin(one);
  vi.advanceTimersByTime(39);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(late).toEqual([one]);
});

test('a job that is over is not late', () => {
  const late: Job[] = [];
  const clocks = new JobClocks(100, (one) => late.push(one));
  const one = job();
  clocks.begin(one);
  one.fail(new Error('over') as never);
  vi.advanceTimersByTime(1000);
  expect(late).toEqual([]);
});
