// The events of a generation, as they come.
import type { GenerationEvents } from '../../../src/studio/api/index.js';
import { getGeneration } from '../api.js';
import { EventStream } from '../eventStream.js';

/** What is done at each event; `lost` while there is no connection. */
export type Listeners = { [Name in keyof GenerationEvents]: (event: GenerationEvents[Name]) => void } & {
  lost: () => void;
  open: () => void;
};

const names = ['state', 'scale', 'done', 'failed', 'cancelled'] as const;
const ends: readonly string[] = ['done', 'failed', 'cancelled'];

/** Follows a generation until its end, or until the function that it answers is called. */
export function follow(id: string, listeners: Listeners): () => void {
  const event = (name: string, data: unknown) => {
    if (ends.includes(name)) stream.end();
    (listeners[name as (typeof names)[number]] as (data: unknown) => void)(data);
  };
  const gone = () => {
    const message = 'The server knows nothing of this generation any more: it was started again, or kept others since.';
    listeners.failed({ state: 'failed', error: { type: 'not_found', message, param: null, code: null } });
  };
  const { lost, open } = listeners;
  const stream = new EventStream(`/api/generations/${id}/events`, names, { open, lost, gone, event }, () => getGeneration(id)); // prettier-ignore
  stream.open();
  return () => {
    stream.end();
  };
}
