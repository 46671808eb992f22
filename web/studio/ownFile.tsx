// An image file of one's own: chosen by a button, or dropped on a place.
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';

interface ButtonProps {
  label: string;
  onFile: (file: File) => void;
}

/** A button that asks for a file. */
export function FileButton({ label, onFile }: ButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        class="unseen"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = ''; // the same file may be chosen again
        }}
      />
      <button type="button" onClick={() => input.current?.click()}>
        {label}
      </button>
    </>
  );
}

interface PlaceProps {
  class: string;
  onFile: (file: File) => void;
  children: ComponentChildren;
}

/** A place to drop a file on. */
export function DropPlace({ class: name, onFile, children }: PlaceProps) {
  const [over, setOver] = useState(false);
  return (
    <div
      class={name}
      data-over={over ? '' : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file) onFile(file);
      }}
    >
      {children}
    </div>
  );
}
