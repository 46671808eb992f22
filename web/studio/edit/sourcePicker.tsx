// Where the image to edit comes from: a file, chosen or dropped, or a generation.
import { Empty } from '../notices.js';
import { DropPlace, FileButton } from '../ownFile.js';
import { Link, usePlaces } from '../router.js';

interface Props {
  onFile: (file: File) => void;
  /** An image is there already: only a button is shown. */
  compact?: boolean;
}

/** A place to drop a file on, or a button. */
export function SourcePicker({ onFile, compact = false }: Props) {
  const placeOf = usePlaces();
  if (compact) return <FileButton label="Another image" onFile={onFile} />;
  return (
    <DropPlace class="drop panel" onFile={onFile}>
      <Empty title="No image to edit yet">
        <p>
          Drop an image here, or draw one at <Link {...placeOf('/')}>Generate</Link> and press Edit below it. It is cut
          to the size that the model draws.
        </p>
        <p class="drop-choose">
          <FileButton label="Choose an image" onFile={onFile} />
        </p>
      </Empty>
    </DropPlace>
  );
}
