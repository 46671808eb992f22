// Server-sent events.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EventLog } from '../jobs/eventLog.js';
import type { Studio } from './studio.js';

/** Bytes that may wait for a slow reader; it is cut off then, and may come back for the rest. */
const mostWaiting = 4 * 2 ** 20;

/** An open stream. */
export interface EventStream {
  /** Sends one event. */
  send(name: string, data: string, id?: number | string): void;
  end(): void;
  /** Whether what is sent now has to wait; who sends much waits too, until `onceDrained` calls back. */
  readonly isFull: boolean;
  onceDrained(then: () => void): void;
}

/** Headers of a request for a stream that may go on after an event. */
export const resumption = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{0,9}$/, 'expected the number of an event')
    .optional(),
});

/** The number of the event that a reader heard last; 0 for none. */
const lastHeard = ({ headers }: FastifyRequest): number => Number(headers['last-event-id'] ?? 0);

/**
 * Answers with a stream of events.
 * @param onClose called once when it ends, whoever ends it; soon where the reader is gone already
 */
export function openStream(
  studio: Studio,
  request: FastifyRequest,
  reply: FastifyReply,
  onClose: () => void,
): EventStream {
  reply.hijack();
  const { raw } = reply;
  if (raw.destroyed) {
    process.nextTick(onClose); // once the caller has its stream
    return { send: () => undefined, end: () => undefined, isFull: true, onceDrained: () => undefined };
  }
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close', // else a stream that the server ends leaves a connection behind, for which its own end would wait
    'x-accel-buffering': 'no',
  });
  raw.write('retry: 2000\n\n');
  const write = (text: string) => {
    if (raw.writableLength > mostWaiting) raw.destroy();
    else if (!raw.writableEnded && !raw.destroyed) raw.write(text);
  };
  const beat = setInterval(() => {
    write(': still here\n\n');
  }, studio.options.heartbeat);
  beat.unref();
  const end = () => {
    raw.end();
  };
  studio.closers.add(end);
  raw.once('close', () => {
    clearInterval(beat);
    studio.closers.delete(end);
    onClose();
  });
  request.raw.once('error', () => undefined);
  return {
    send: (name, data, id) => {
      write(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`);
    },
    end,
    get isFull() {
      return raw.writableNeedDrain;
    },
    onceDrained: (then) => {
      if (raw.writableNeedDrain) raw.once('drain', then);
      else setImmediate(then);
    },
  };
}

/** Answers with the events of a log, as fast as they are taken, from the one after that which the reader heard last. */
export function streamLog(studio: Studio, request: FastifyRequest, reply: FastifyReply, log: EventLog): void {
  const stream = openStream(studio, request, reply, () => {
    stopListening();
  });
  let heard = lastHeard(request);
  let isWaiting = false;
  const tell = () => {
    if (isWaiting) return;
    for (let event = log.after(heard); event; event = log.after(heard)) {
      if (stream.isFull) {
        isWaiting = true;
        stream.onceDrained(() => {
          isWaiting = false;
          tell();
        });
        return;
      }
      stream.send(event.name, event.data, event.id);
      heard = event.id;
    }
    if (log.isClosed) stream.end();
  };
  const stopListening = log.listen(tell);
  tell();
}
