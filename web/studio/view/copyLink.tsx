// A link that makes the same images, put on the clipboard.
import { useEffect, useState } from 'preact/hooks';

/** A button that says when it is done, or shows the address where the clipboard is not to be had. */
export function CopyLink({ query }: { query: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(() => setSaid(''), 2500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    const address = `${location.origin}/${query}`;
    try {
      await navigator.clipboard.writeText(address);
      setSaid('Copied');
    } catch {
      window.prompt('The link that makes these images:', address); // no clipboard without HTTPS
    }
  };
  return (
    <button type="button" onClick={() => void copy()} title="A link that makes the same images">
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
        <path d="M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.2 4.2L11.2 8.7M9 11.5l-1.5 1.5a3 3 0 0 1-4.2-4.2l1.5-1.5" />
      </svg>
      <span aria-live="polite">{said || 'Copy link'}</span>
    </button>
  );
}
