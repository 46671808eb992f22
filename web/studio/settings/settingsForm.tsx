// A form around fields: sent by its button, by Enter, and by Ctrl+Enter from anywhere on the page.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import './settings.css';

interface Props {
  label: string;
  onSubmit: () => void;
  /** Why what was sent was refused: the field that it is about, or else what is said of it, takes the focus. */
  refusal?: unknown;
  children: ComponentChildren;
}

/** Shows a field that is wrong even where it is folded away, so that the browser can point at it. */
function unfold(event: Event): void {
  (event.target as Element).closest('details')?.setAttribute('open', '');
}

/** The form. */
export function SettingsForm({ label, onSubmit, refusal, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusal === undefined) return;
    const wrong = form.current!.querySelector<HTMLElement>('[aria-invalid=true]') ?? form.current!.querySelector<HTMLElement>('[role=alert]'); // prettier-ignore
    wrong?.closest('details')?.setAttribute('open', '');
    wrong?.focus({ preventScroll: true });
    wrong?.scrollIntoView({ block: 'center' });
  }, [refusal]);
  useEffect(() => {
    const element = form.current;
    const send = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) element?.requestSubmit();
    };
    element?.addEventListener('invalid', unfold, true);
    window.addEventListener('keydown', send);
    return () => {
      element?.removeEventListener('invalid', unfold, true);
      window.removeEventListener('keydown', send);
    };
  }, []);
  return (
    <form
      class="settings panel"
      aria-label={label}
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}
