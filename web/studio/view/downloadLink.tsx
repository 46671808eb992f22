// The finished image as a file; the settings that made it are in the PNG's text.
import type { GrowingImage } from '../generation/state.js';

/** A link that saves it. */
export function DownloadLink({ image }: { image: GrowingImage }) {
  const event = image.scales.at(-1);
  if (!event) return null;
  return (
    <a
      class="button"
      href={event.frame}
      download={`${image.model}-seed-${image.seed}.png`}
      title="The PNG, with its settings in it"
    >
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
        <path d="M8 2.5v7.5M4.7 7 8 10.3 11.3 7M2.5 13.5h11" />
      </svg>
      Download<span class="unseen"> the image of {image.model}</span>
    </a>
  );
}
