// A stream of events that is held on to. The browser goes on after a lost connection by `Last-Event-ID`; where it gives up, the stream is opened anew
// and told from the beginning, which does no harm; what the server knows nothing of any more is asked for no more.
import { ApiError } from './api.js';

/** What is done as it goes. */
export interface StreamListeners {
  open: () => void;
  /** There is no connection for now. */
  lost: () => void;
  /** The server knows nothing of it: nothing more comes. */
  gone: (error: ApiError) => void;
  event: (name: string, data: unknown) => void;
}

/** The longest pause between two attempts, in milliseconds. */
const longest = 8000;

/** One stream. */
export class EventStream {
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isOver = false;

  constructor(
    readonly url: string,
    readonly names: readonly string[],
    readonly listeners: StreamListeners,
    /** Asks for what the stream is of: a stream alone does not say why it was refused. */
    readonly ask: () => Promise<unknown>,
  ) {}

  get isOpen(): boolean {
    return this.#source !== undefined;
  }

  /** Opens it, from the beginning; nothing once it has ended. */
  open(): void {
    this.close();
    if (this.#isOver) return;
    const mine = new EventSource(this.url);
    this.#source = mine;
    mine.onopen = () => {
      this.#failures = 0;
      this.listeners.open();
    };
    mine.onerror = () => {
      if (this.#source === mine) this.#lost(mine);
    };
    for (const name of this.names)
      mine.addEventListener(name, (event) => {
        this.listeners.event(name, JSON.parse((event as MessageEvent<string>).data));
      });
  }

  /** Lets go of it for now. */
  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /** Lets go of it for good. */
  end(): void {
    this.#isOver = true;
    this.close();
  }

  #lost(mine: EventSource): void {
    this.#failures++;
    this.listeners.lost();
    if (mine.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    this.#timer = setTimeout(() => { this.open(); }, Math.min(longest, 500 * 2 ** this.#failures)); // prettier-ignore
    this.ask().catch((error: unknown) => {
      if (this.#isOver || !(error instanceof ApiError) || error.status !== 404) return;
      this.end();
      this.listeners.gone(error);
    });
  }
}
