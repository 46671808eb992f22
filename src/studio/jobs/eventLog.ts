// What happened to a job, numbered, so that a listener who lost the connection hears the rest and nothing twice.

/** One event, as it is sent. */
export interface LoggedEvent {
  /** From 1 on. */
  id: number;
  name: string;
  /** JSON. */
  data: string;
}

/** Told that something was added, or that nothing more will be. */
export type EventListener = () => void;

/** The events of one job. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  #isClosed = false;
  #bytes = 0;

  /** Whether there will be no more events. */
  get isClosed(): boolean {
    return this.#isClosed;
  }
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
    for (const listener of this.#listeners) listener();
  }

  /** Says that there will be no more events. */
  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  /** The event after one of a number; undefined where it is not there yet. */
  after(id: number): LoggedEvent | undefined {
    return this.#events[Math.max(0, id)];
  }

  /** Tells a listener of what is added from now on. @returns what ends it */
  listen(listener: EventListener): () => void {
    if (!this.#isClosed) this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
