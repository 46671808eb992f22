// The title of the browser's tab: what is looked at first, then the page.
import { useEffect } from 'preact/hooks';

/** Names the page. */
export function nameTab(page: string): void {
  document.title = `${page} · Scalewise studio`;
}

/** Names what is looked at, before the page, for as long as it is shown; undefined: not known yet. */
export function useTitle(what: string | undefined): void {
  useEffect(() => {
    if (what === undefined) return undefined;
    const before = document.title;
    document.title = `${what} · ${before}`;
    return () => {
      document.title = before;
    };
  }, [what]);
}
