// A thread that reads and decodes images while the main thread computes: it has an event loop of its own, and libvips decodes in libuv's pool.
// Pixels go straight to shared memory. Nothing of torch is imported here.
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { UsageError } from '../util/errors.js';
import type { CropChance } from './chance.js';
import { BrokenImage, readImage } from './imageFile.js';
import { placeReader } from './sources/readPlace.js';
import type { Place } from './sources/source.js';

/** One image to decode, to row `row` of its job's memory. */
export interface DecodeTask {
  row: number;
  place: Place;
  crop: CropChance | undefined;
  flip: boolean;
}

/** Images to decode at `side` × `side` pixels into [rows, 3, side, side] bytes. */
export interface DecodeJob {
  id: number;
  into: SharedArrayBuffer;
  side: number;
  tasks: readonly DecodeTask[];
}

/** What became of a job: rows that could not be read, or the fault that ended it. */
export interface DecodeReport {
  id: number;
  broken: { row: number; reason: string }[];
  fault?: { message: string; isUsage: boolean };
}

/** What the main thread sends. */
export type DecodeMessage = { job: DecodeJob } | { atOnce: number } | 'close';

sharp.cache(false); // no image comes twice
const port = parentPort!;
const reader = placeReader();
const queue: (() => Promise<void>)[] = [];
let running = 0;
let atOnce = 1;

async function decode({ place, crop, flip, row }: DecodeTask, { side, into }: DecodeJob): Promise<void> {
  const { pixels } = await readImage(await reader.read(place), side, { ...(crop && { crop }), flip });
  new Uint8Array(into, row * pixels.length, pixels.length).set(pixels);
}

/** Takes tasks from the queue, `atOnce` at a time. */
function work(): void {
  while (running < atOnce && queue.length) {
    running++;
    void queue.shift()!().finally(() => {
      running--;
      work();
    });
  }
}

function enqueue(job: DecodeJob): void {
  const report: DecodeReport = { id: job.id, broken: [] };
  let left = job.tasks.length;
  for (const task of job.tasks)
    queue.push(async () => {
      try {
        await decode(task, job);
      } catch (error) {
        const { message, stack } = error as Error;
        const isUsage = error instanceof UsageError;
        if (error instanceof BrokenImage) report.broken.push({ row: task.row, reason: message });
        else report.fault = { message: isUsage ? message : (stack ?? message), isUsage };
      }
      if (--left === 0) port.postMessage(report);
    });
  work();
}

port.on('message', (message: DecodeMessage) => {
  if (message === 'close')
    void reader.close().then(() => {
      port.close();
    });
  else if ('atOnce' in message) ({ atOnce } = message);
  else enqueue(message.job);
});
