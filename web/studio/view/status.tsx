// Where a generation stands, in words and as a bar.
import { type Growing, progressOf } from '../generation/state.js';

/** One line about it. */
export function statusOf(growing: Growing, stopping: boolean): string {
  const { done, total } = progressOf(growing);
  const { state, position, images, scales, seconds } = growing;
  if (stopping) return 'Stopping at the next scale';
  switch (state) {
    case 'waiting':
      return position > 0 ? `Waiting: ${position} before this one` : 'Waiting for the worker';
    case 'running':
      return images.length === 1 ? `Scale ${Math.min(done + 1, scales.length)} of ${scales.length}` : `${done} of ${total} scales, ${images.length} images`; // prettier-ignore
    case 'done':
      return `Done: ${images.length === 1 ? 'one image' : `${images.length} images`} of ${scales.length} scales${seconds === undefined ? '' : ` in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s`}`; // prettier-ignore
    case 'cancelled':
      return `Cancelled after ${done} of ${total} scales`;
    case 'failed':
      return 'Failed';
  }
}

/** The line, read aloud as it changes, and the bar. */
export function Status({ growing, stopping, lost }: { growing: Growing; stopping: boolean; lost: boolean }) {
  const { done, total } = progressOf(growing);
  return (
    <div class="status" data-state={growing.state}>
      <p role="status">
        {statusOf(growing, stopping)}
        {lost && <span class="wrong"> · connection lost, trying again</span>}
      </p>
      <progress value={done} max={total} aria-label="Scales drawn" />
    </div>
  );
}
