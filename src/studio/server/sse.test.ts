// Readers who are gone before their stream begins leave nothing behind.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { EventLog } from '../jobs/eventLog.js';
import { Job } from '../jobs/job.js';
import { finished } from '../openai.js';
import { openStream, streamLog } from './sse.js';
import type { Studio } from './studio.js';

const closers = new Set<() => void>();
const cancelled: Job[] = [];
const scheduler = {
  cancel: (job: Job) => {
    cancelled.push(job);
    job.fail(new Error('cancelled') as never);
  },
};
const studio = { closers, scheduler, options: { heartbeat: 1000 } } as unknown as Studio;
const request = { headers: {}, raw: {} } as unknown as FastifyRequest;
const gone = { hijack: () => undefined, raw: { destroyed: true } } as unknown as FastifyReply;
const tick = () => new Promise((done) => setImmediate(done));

test('a stream to nobody is closed once its owner has it, and takes what is sent', async () => {
  let closed = 0;
  const stream = openStream(studio, request, gone, () => closed++);
  expect(closed).toBe(0);
  stream.send('state', '{}');
  stream.end();
  await tick();
  expect([closed, closers.size]).toEqual([1, 0]);
});

test('a log is not listened to for nobody', async () => {
  let stopped = 0;
  const log = new EventLog();
  streamLog(studio, request, gone, (after, listener) => {
    const stop = log.listen(after, listener);
    return () => {
      stopped++;
      stop();
    };
  });
  await tick();
  expect(stopped).toBe(1);
});

test('a request whose sender is gone is cancelled at once', async () => {
  const job = new Job({ id: 'x', client: 'a', request: {} as never, frames: false, isKept: false }, []);
  const raw = { destroyed: true, off: () => undefined };
  await expect(finished(studio, job, { raw } as unknown as FastifyReply)).rejects.toThrow('cancelled');
  expect(cancelled).toEqual([job]);
});
