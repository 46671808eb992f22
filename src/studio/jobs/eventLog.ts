// What happened to a job, numbered, so that a listener who lost the connection hears the rest and nothing twice.

/** One event, as it is sent. */
export interface LoggedEvent {
  /** From 1 on. */
  id: number;
  name: string;
  /** JSON. */
  data: string;
}

/** Told of events as they come; `undefined` says that no more will. */
export type EventListener = (event: LoggedEvent | undefined) => void;

/** The events of one job. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  #isClosed = false;
  #bytes = 0;

  /** Bytes that the events take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds an event and tells it to all who listen. */
  add(name: string, value: unknown): void {
    if (this.#isClosed) return;
    const event = { id: this.#events.length + 1, name, data: JSON.stringify(value) };
    this.#events.push(event);
    this.#bytes += event.data.length;
    for (const listener of this.#listeners) listener(event);
  }

  /** Says that there will be no more events. */
  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener(undefined);
    this.#listeners.clear();
  }

  /** Tells a listener all events after one, and those to come. @returns what ends it */
  listen(after: number, listener: EventListener): () => void {
    for (const event of this.#events.slice(Math.max(0, after))) listener(event);
    if (this.#isClosed) listener(undefined);
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
