// A training watched: its events as they come, for as long as somebody looks. The browser goes on after a lost connection by `Last-Event-ID`; where
// it gives up, the stream is opened anew and told from the beginning, which does no harm.
import type { RunEvents } from '../../../src/studio/api/index.js';

/** What is done at each event; `lost` while there is no connection. */
export type RunListeners = { [Name in keyof RunEvents]: (event: RunEvents[Name]) => void } & {
  open: () => void;
  lost: () => void;
};

/** Milliseconds in the background after which the connection is let go: browsers allow few to one server. */
const patience = 30_000;

/** Watches a run until the function that it answers is called. */
export function watchRun(id: string, listeners: RunListeners): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    const mine = new EventSource(`/api/runs/${id}/events`);
    source = mine;
    mine.onopen = () => {
      failures = 0;
      listeners.open();
    };
    mine.onerror = () => {
      if (source !== mine) return;
      failures++;
      listeners.lost();
      if (mine.readyState === EventSource.CLOSED) timer = setTimeout(open, Math.min(8000, 500 * 2 ** failures));
    };
    for (const name of ['records', 'state', 'samples'] as const)
      mine.addEventListener(name, (event) => {
        (listeners[name] as (data: unknown) => void)(JSON.parse((event as MessageEvent<string>).data));
      });
  };
  const onVisibility = () => {
    if (document.hidden) timer = setTimeout(close, patience);
    else if (!source) open();
    else if (source.readyState !== EventSource.CLOSED) clearTimeout(timer);
  };
  document.addEventListener('visibilitychange', onVisibility);
  open();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    close();
  };
}
