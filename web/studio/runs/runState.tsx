// How a training stands, as a word with a mark, and how far it is, as a bar.
import type { Run } from '../../../src/studio/api/index.js';
import { count } from './format.js';

const words: Record<Run['state'], string> = {
  running: 'running',
  done: 'done',
  unfinished: 'unfinished',
  damaged: 'damaged',
};

/** The word. */
export function StateMark({ state }: Pick<Run, 'state'>) {
  return (
    <span class="state" data-state={state}>
      <i aria-hidden="true" />
      {words[state]}
    </span>
  );
}

/** The bar. */
export function Seen({ run: { imagesSeen, images, name } }: { run: Pick<Run, 'imagesSeen' | 'images' | 'name'> }) {
  return (
    <div class="seen">
      <progress value={Math.min(imagesSeen, images)} max={Math.max(images, 1)} aria-label={`Images that ${name} has seen`} />
      <span class="figure">
        {count(imagesSeen)} <span class="soft">of {count(images)}</span>
      </span>
    </div>
  ); // prettier-ignore
}
