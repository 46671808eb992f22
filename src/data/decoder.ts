// The main thread's side of the decoding thread: jobs out, reports in.
import { Worker } from 'node:worker_threads';
import { UsageError } from '../util/errors.js';
import { workerFile } from '../util/workerFile.js';
import type { DecodeJob, DecodeMessage, DecodeReport } from './decodeWorker.js';

/** Decodes images on another thread. */
export interface Decoder {
  /** Resolves to the rows that could not be read, in order. */
  decode(job: Omit<DecodeJob, 'id'>): Promise<DecodeReport['broken']>;
  close(): Promise<void>;
}

/**
 * Starts the thread.
 * @param atOnce images under way at a time; libuv's pool, which decodes, has 4 threads unless UV_THREADPOOL_SIZE says otherwise
 */
export function startDecoder(atOnce: number): Decoder {
  const worker = new Worker(workerFile(import.meta.url, 'decodeWorker.js'));
  const send = (message: DecodeMessage) => {
    worker.postMessage(message);
  };
  const waiting = new Map<
    number,
    { resolve: (broken: DecodeReport['broken']) => void; reject: (error: Error) => void }
  >();
  let lastId = 0;
  let end: Error | undefined;
  worker.unref(); // an idle thread keeps no process alive
  worker.on('message', ({ id, broken, fault }: DecodeReport) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (fault) reject(fault.isUsage ? new UsageError(fault.message) : new Error(`decoding: ${fault.message}`));
    else resolve(broken.sort((a, b) => a.row - b.row));
  });
  const fail = (error: Error) => {
    end ??= error;
    for (const { reject } of waiting.values()) reject(end);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => {
    fail(new Error('the decoding thread has ended'));
  });
  send({ atOnce });
  return {
    decode(job) {
      return new Promise((resolve, reject) => {
        if (end) {
          reject(end);
          return;
        }
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        worker.ref();
        send({ job: { ...job, id } });
      });
    },
    async close() {
      if (end) return;
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      worker.ref();
      send('close');
      await gone;
    },
  };
}
