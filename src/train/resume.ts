// Where a run goes on: the first process reads the newest whole checkpoint; the others get from it what it read, or began with.
import { scope, tensor, type Tensor } from '../torch/index.js';
import { type CheckpointParts, loadCheckpoint } from './checkpoint.js';
import { type Clock, newestCheckpoint } from './checkpointFiles.js';
import type { RunFolder } from './runFolder.js';
import type { World } from './world.js';

/** What going on needs. */
export interface ResumeOptions {
  world: World;
  run: RunFolder;
  parts: CheckpointParts;
  say: (line: string) => void;
}

const start: Clock = { step: 0, imagesSeen: 0, skipped: 0, skippedInRow: 0 };

function read({ run, parts, say }: ResumeOptions): Clock {
  const newest = newestCheckpoint(run.checkpoints, say);
  const clock = { ...start, ...newest?.clock };
  if (newest) {
    loadCheckpoint(newest.path, parts);
    say(`continuing from ${newest.path} (${clock.imagesSeen} images seen)`);
  }
  run.rewind(clock);
  return clock;
}

/** Gives every process the first one's parts. */
function share({ group, isFirst }: World, parts: CheckpointParts): void {
  for (const part of Object.values(parts)) {
    scope(() => {
      const copies = new Map<string, Tensor>(Array.from(part.save(), ([name, one]) => [name, one.detach().clone()]));
      group!.broadcast([...copies.values()]);
      if (!isFirst) part.load(copies, 'the first process');
    });
  }
}

/** Gives every process the first one's clock. */
function shareClock({ group }: World, clock: Clock): void {
  const names = Object.keys(start) as (keyof Clock)[];
  scope(() => {
    const numbers = tensor(names.map((name) => clock[name]), { dtype: 'int64' }); // prettier-ignore
    group!.broadcast([numbers]);
    numbers.toArray().forEach((value, i) => (clock[names[i]!] = value));
  });
}

/**
 * The clock of the newest whole checkpoint after loading it, or of the beginning; the same on every process.
 * @throws UsageError where no checkpoint is whole, PeerLostError on the other processes, whom the first one leaves then
 */
export function resume(options: ResumeOptions): Clock {
  const { world, parts } = options;
  const clock = world.isFirst ? read(options) : { ...start };
  if (!world.group) return clock;
  try {
    shareClock(world, clock);
    share(world, parts);
  } catch (error) {
    throw world.explain(error);
  }
  return clock;
}
