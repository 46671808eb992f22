// Addresses without `#`: links that stay on the page change its address by the History API.
import type { AnchorHTMLAttributes, ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Says that the address was changed by `navigate`; the browser's own event tells of back and forward. */
const changed = 'studio:navigate';

/** Goes to another address of the page. */
export function navigate(
  to: string,
  { replace = false, state = null }: { replace?: boolean; state?: unknown } = {},
): void {
  if (replace) history.replaceState(state, '', to);
  else history.pushState(state, '', to);
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

type LinkProps = AnchorHTMLAttributes & {
  href: string;
  state?: unknown;
  children?: ComponentChildren;
};

/** A link to an address of the page. */
export function Link({ href, state, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href, { state: state ?? null });
    window.scrollTo(0, 0);
  };
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
