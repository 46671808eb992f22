// Addresses without `#`: links that stay on the page change its address by the History API. Where each page was left is remembered in this tab.
import type { AnchorHTMLAttributes, ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Says that the address was changed by `navigate`; the browser's own event tells of back and forward. */
const changed = 'studio:navigate';
/** Says that a place was noted. */
const noted = 'studio:place';

/** An address, and what the history holds beside it. */
export interface Place {
  href: string;
  state: unknown;
}

const key = 'scalewise-places';

/** The first name of a path: what lies below a page belongs to it. */
const sectionOf = (path: string): string => path.split('/')[1] ?? '';

function readPlaces(): Record<string, Place> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Record<string, Place>;
  } catch {
    return {}; // storage is forbidden
  }
}

/** Remembers where the page stands, so that a link to it leads there again. */
export function notePlace(): void {
  const place: Place = { href: location.pathname + location.search, state: history.state };
  try {
    sessionStorage.setItem(key, JSON.stringify({ ...readPlaces(), [sectionOf(location.pathname)]: place }));
  } catch {
    return; // links lead to the beginning of a page then
  }
  window.dispatchEvent(new Event(noted));
}

/** Changes the address, or what the history holds of it, for what is shown already: nothing is told to look at it anew. */
export function keepPlace(href: string, { replace, state }: { replace: boolean; state: unknown }): void {
  if (replace) history.replaceState(state, '', href);
  else history.pushState(state, '', href);
  notePlace();
}

/** Goes to another address of the page. */
export function navigate(
  to: string,
  { replace = false, state = null }: { replace?: boolean; state?: unknown } = {},
): void {
  keepPlace(to, { replace, state });
  window.dispatchEvent(new Event(changed));
}

/** What stands in the address bar, followed. */
export function useAddress(): { path: string; query: string } {
  const read = () => ({ path: location.pathname, query: location.search });
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const update = () => setAddress(read());
    window.addEventListener(changed, update);
    window.addEventListener('popstate', update);
    return () => {
      window.removeEventListener(changed, update);
      window.removeEventListener('popstate', update);
    };
  }, []);
  return address;
}

/** Where a page was left; its beginning where it was not looked at yet. */
export function usePlaces(): (path: string) => Place {
  const [places, setPlaces] = useState(readPlaces);
  useEffect(() => {
    const update = () => setPlaces(readPlaces());
    window.addEventListener(noted, update);
    return () => window.removeEventListener(noted, update);
  }, []);
  return (path) => places[sectionOf(path)] ?? { href: path, state: null };
}

type LinkProps = AnchorHTMLAttributes & {
  href: string;
  state?: unknown;
  children?: ComponentChildren;
};

/** A link to an address of the page; one to where it stands makes no new step in the history. */
export function Link({ href, state, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href, { state: state ?? null, replace: href === location.pathname + location.search });
    window.scrollTo(0, 0);
  };
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
