// What a page shows where there is nothing to show: waiting, emptiness, and what went wrong.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { ApiError } from './api.js';
import { SignIn } from './signIn.js';

/** Something is being fetched. */
export function Loading({ what }: { what: string }) {
  return (
    <div class="notice" role="status">
      <span class="growing" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <p class="soft">Loading {what} …</p>
    </div>
  );
}

/** There is nothing yet, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="notice">
      <svg viewBox="0 0 64 64" class="nested" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
        <rect x="4" y="4" width="56" height="56" rx="6" stroke-dasharray="4 4" />
        <rect x="4" y="28" width="32" height="32" rx="5" />
        <rect x="4" y="44" width="16" height="16" rx="4" />
      </svg>
      <h2>{title}</h2>
      <div class="soft">{children}</div>
    </div>
  );
}

/** One sentence for people of anything that was thrown. */
const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Something went wrong; it is brought into view, since on a phone it stands below the form that began it. */
export function Failure({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  const sentence = sentenceOf(error);
  useLayoutEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [sentence]);
  if (error instanceof ApiError && error.status === 401) return <SignIn />;
  return (
    <div class="failure" role="alert" tabIndex={-1} ref={box}>
      <p>{sentence}</p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
