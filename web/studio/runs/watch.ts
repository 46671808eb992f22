// A training watched: its events as they come, for as long as somebody looks.
import type { RunEvents } from '../../../src/studio/api/index.js';
import type { ApiError } from '../api.js';
import { EventStream } from '../eventStream.js';
import { getRun } from './api.js';

/** What is done at each event; `lost` while there is no connection, `gone` where there is no such run. */
export type RunListeners = { [Name in keyof RunEvents]: (event: RunEvents[Name]) => void } & {
  open: () => void;
  lost: () => void;
  gone: (error: ApiError) => void;
};

const names = ['records', 'state', 'samples'] as const;

/** Milliseconds in the background after which the connection is let go: browsers allow few to one server. */
const patience = 30_000;

/** Watches a run until the function that it answers is called. */
export function watchRun(id: string, listeners: RunListeners): () => void {
  const event = (name: string, data: unknown) => {
    (listeners[name as (typeof names)[number]] as (data: unknown) => void)(data);
  };
  const { open, lost, gone } = listeners;
  const stream = new EventStream(`/api/runs/${id}/events`, names, { open, lost, gone, event }, () => getRun(id));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = () => {
    clearTimeout(timer);
    if (document.hidden)
      timer = setTimeout(() => { stream.close(); }, patience); // prettier-ignore
    else if (!stream.isOpen) stream.open();
  };
  document.addEventListener('visibilitychange', onVisibility);
  stream.open();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(timer);
    stream.end();
  };
}
