// The events of a generation, as they come. The browser goes on after a lost connection by `Last-Event-ID`; where it gives up, the stream is opened
// anew and told from the beginning, which does no harm.
import type { GenerationEvents } from '../../../src/studio/api/index.js';
import { ApiError, getGeneration } from '../api.js';

/** What is done at each event; `lost` while there is no connection. */
export type Listeners = { [Name in keyof GenerationEvents]: (event: GenerationEvents[Name]) => void } & {
  lost: () => void;
  open: () => void;
};

const ends = new Set(['done', 'failed', 'cancelled']);

/** Follows a generation until its end, or until the function that it answers is called. */
export function follow(id: string, listeners: Listeners): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let over = false;
  const stop = () => {
    over = true;
    clearTimeout(timer);
    source?.close();
  };
  /** The server was started anew, and knows nothing of it. */
  const forgotten = (error: unknown) => {
    if (over || !(error instanceof ApiError) || error.status !== 404) return;
    stop();
    const message = 'The server knows nothing of this generation any more: it was started again, or kept others since.';
    listeners.failed({ state: 'failed', error: { type: 'not_found', message, param: null, code: null } });
  };
  const open = () => {
    source = new EventSource(`/api/generations/${id}/events`);
    source.onopen = () => {
      failures = 0;
      listeners.open();
    };
    source.onerror = () => {
      if (over) return;
      failures++;
      listeners.lost();
      if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      timer = setTimeout(open, Math.min(8000, 500 * 2 ** failures));
      void getGeneration(id).catch(forgotten);
    };
    for (const name of ['state', 'scale', 'done', 'failed', 'cancelled'] as const)
      source.addEventListener(name, (event) => {
        if (ends.has(name)) stop();
        (listeners[name] as (data: unknown) => void)(JSON.parse((event as MessageEvent<string>).data));
      });
  };
  open();
  return stop;
}
