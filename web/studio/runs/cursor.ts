// The place on the axis of images that all charts are read at.
import { useEffect, useState } from 'preact/hooks';

/** A place that charts share; undefined while nobody points anywhere, and the newest values are read. */
export class Cursor {
  #at: number | undefined;
  readonly #listeners = new Set<() => void>();

  get at(): number | undefined {
    return this.#at;
  }

  set(at: number | undefined): void {
    if (at === this.#at) return;
    this.#at = at;
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Where a cursor stands, followed. */
export function useCursor(cursor: Cursor): number | undefined {
  const [at, setAt] = useState(cursor.at);
  useEffect(() => cursor.listen(() => setAt(cursor.at)), [cursor]);
  return at;
}
