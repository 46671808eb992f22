// The button that plays and pauses.
import type { Playback } from './usePlayback.js';

interface Props {
  playback: Playback;
  disabled: boolean;
  /** Without a border. */
  plain?: boolean;
}

/** The button. */
export function PlayButton({ playback: { playing, toggle }, disabled, plain = false }: Props) {
  return (
    <button type="button" class={plain ? 'plain' : undefined} onClick={toggle} disabled={disabled}>
      <svg viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
        <path d={playing ? 'M4 3h3v10H4zM9 3h3v10H9z' : 'M4 2.5v11l9-5.5z'} />
      </svg>
      {playing ? 'Pause' : 'Play'}
    </button>
  );
}
