// Turns, bounds and batches of the queue.
import { expect, test } from 'vitest';
import type { SettledRequest } from '../api/index.js';
import { StudioError } from '../errors.js';
import { Job, type Unit } from './job.js';
import { FairQueue } from './queue.js';

const request = { scales: [1] } as unknown as SettledRequest;
const settings = { scales: [1] } as unknown as Unit['settings'];

function jobFor(client: string, images: number, key = 'same'): Job {
  const units = Array.from({ length: images }, (_, image) => ({ model: 'm', image, seed: image, settings, key }));
  return new Job({ id: `${client}-${key}`, client, request, frames: false, isKept: false }, units);
}

const limits = { jobs: 8, images: 100, perClient: 3 };
const clientsOf = (units: readonly Unit[]) => units.map(({ job }) => job.plan.client).join('');

test('clients take turns, within a batch and from batch to batch', () => {
  const queue = new FairQueue(limits);
  for (const job of [jobFor('a', 6), jobFor('b', 2), jobFor('c', 1)]) queue.add(job);
  expect(clientsOf(queue.next(4))).toBe('abca');
  expect(clientsOf(queue.next(4))).toBe('baaa');
  expect(clientsOf(queue.next(4))).toBe('a');
  expect(queue.next(4)).toEqual([]);
});

test('only images of equal settings share a batch, and the next batch begins with another client', () => {
  const queue = new FairQueue(limits);
  for (const job of [jobFor('a', 9, 'x'), jobFor('b', 1, 'y'), jobFor('c', 1, 'x')]) queue.add(job);
  expect(clientsOf(queue.next(4))).toBe('acaa');
  expect(clientsOf(queue.next(4))).toBe('b'); // one batch later, though `a` has five images left
  expect(clientsOf(queue.next(8))).toBe('aaaaa'.concat('a'));
});

test('a client with many requests puts nobody off', () => {
  const queue = new FairQueue(limits);
  const jobs = [jobFor('a', 4, 'x'), jobFor('a', 4, 'y'), jobFor('a', 4, 'z'), jobFor('b', 1, 'w')];
  for (const job of jobs) queue.add(job);
  expect(jobs.map(({ position }) => position)).toEqual([0, 2, 3, 1]);
  queue.next(4);
  expect(clientsOf(queue.next(4))).toBe('b');
});

test('what does not fit is refused with when to ask again', () => {
  const queue = new FairQueue({ jobs: 4, images: 10, perClient: 2 });
  const refused = (job: Job) => {
    try {
      queue.add(job);
    } catch (error) {
      expect(error).toBeInstanceOf(StudioError);
      const { statusCode, retryAfter, code } = error as StudioError;
      expect(retryAfter).toBeGreaterThan(0);
      return `${statusCode} ${code}`;
    }
    return 'taken';
  };
  expect(refused(jobFor('a', 1))).toBe('taken');
  expect(refused(jobFor('a', 1))).toBe('taken');
  expect(refused(jobFor('a', 1))).toBe('429 client_limit');
  expect(refused(jobFor('b', 9))).toBe('429 queue_full');
  expect(refused(jobFor('b', 2))).toBe('taken');
  expect(refused(jobFor('c', 1))).toBe('taken');
  expect(refused(jobFor('d', 1))).toBe('429 queue_full');
});

test('a job that is over leaves the queue, and its images are not begun', () => {
  const queue = new FairQueue(limits);
  const [a, b] = [jobFor('a', 3), jobFor('b', 1)];
  queue.add(a);
  queue.add(b);
  a.fail(new StudioError('cancelled', 'the request was cancelled'));
  expect([queue.jobs, queue.images, b.position]).toEqual([1, 1, 0]);
  expect(clientsOf(queue.next(8))).toBe('b');
});
