// Readers who are gone before their stream begins leave nothing behind.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
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
  const log = new EventLog();
  streamLog(studio, request, gone, log);
  await tick();
  const heard = vi.spyOn(log, 'after');
  log.add('state', {});
  expect(heard).not.toHaveBeenCalled();
});

test('a log that is longer than may wait is told whole, also from its middle', async () => {
  const log = new EventLog();
  for (let i = 0; i < 40; i++) log.add('scale', 'x'.repeat(2 ** 18)); // 10 MiB
  log.close();
  const server = createServer((raw, answer) => {
    const reply = { hijack: () => undefined, getHeaders: () => ({}), raw: answer } as unknown as FastifyReply;
    streamLog(studio, { headers: raw.headers, raw } as unknown as FastifyRequest, reply, log);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ids = async (headers: Record<string, string>) => {
    const text = await (await fetch(url, { headers })).text();
    return Array.from(text.matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id));
  };
  expect(await ids({})).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(await ids({ 'last-event-id': '37' })).toEqual([38, 39, 40]);
  server.close();
});

test('a request whose sender is gone is cancelled at once', async () => {
  const job = new Job({ id: 'x', client: 'a', request: {} as never, frames: false, isKept: false }, []);
  const raw = { destroyed: true, off: () => undefined };
  await expect(finished(studio, job, { raw } as unknown as FastifyReply)).rejects.toThrow('cancelled');
  expect(cancelled).toEqual([job]);
});
