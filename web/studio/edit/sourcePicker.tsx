// Where the image to edit comes from: a file, chosen or dropped, or a generation.
import { useRef, useState } from 'preact/hooks';
import { Empty } from '../notices.js';
import { Link } from '../router.js';

interface Props {
  onFile: (file: File) => void;
  /** An image is there already: only a button is shown. */
  compact?: boolean;
}

/** A place to drop a file on, or a button. */
export function SourcePicker({ onFile, compact = false }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file) onFile(file);
  };
  const choose = (
    <>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        class="unseen"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
      <button type="button" onClick={() => input.current?.click()}>
        {compact ? 'Another image' : 'Choose an image'}
      </button>
    </>
  );
  if (compact) return choose;
  return (
    <div
      class="drop panel"
      data-over={over ? '' : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <Empty title="No image to edit yet">
        <p>
          Drop an image here, or draw one at <Link href="/">Generate</Link> and press Edit below it. It is cut to the
          size that the model draws.
        </p>
        <p class="drop-choose">{choose}</p>
      </Empty>
    </div>
  );
}
