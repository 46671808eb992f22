// The training loop, whole. The clock is images seen; the same command in the same folder goes on where the last one stopped, bit for bit.
// What a step does is the caller's: here is only when it is done, shown, sampled and saved.
import { UsageError } from '../util/errors.js';
import { progress } from '../util/progress.js';
import { secondSignal } from '../util/signals.js';
import { type CheckpointPart, type Clock, loadCheckpoint, newestCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { RunFolder } from './runFolder.js';
import { DivergenceError } from './step.js';

/** What the loop needs to know; the three intervals count images. */
export interface LoopOptions {
  label: string;
  run: RunFolder;
  /** Images to train on in all. */
  images: number;
  batchSize: number;
  every: { log: number; sample: number; save: number };
  keepCheckpoints: number;
  /** What checkpoints hold. */
  parts: Readonly<Record<string, CheckpointPart>>;
  /** Trains on one batch; the numbers to record. Its randomness is a function of the seed and the clock. */
  step: (clock: Clock) => Record<string, number>;
  /** Draws pictures for samples/. */
  sample?: (clock: Clock) => Promise<void>;
  say: (line: string) => void;
}

/** How a run ended: `done`, or the signal that stopped it after a save. */
export type LoopEnd = 'done' | 'SIGINT' | 'SIGTERM';

/** Trains to the end, or until a signal; a second Ctrl-C leaves at once. */
export async function trainingLoop(options: LoopOptions): Promise<LoopEnd> {
  const { run, images, batchSize, every, parts, step, say } = options;
  const clock = resume(options);
  let stopped: NodeJS.Signals | undefined;
  const isSecond = secondSignal();
  const stop = (signal: NodeJS.Signals) => {
    if (isSecond()) process.exit(130);
    if (stopped) return;
    stopped = signal;
    say(`${signal}: saving after this step (again: leave at once)`);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const bar = progress({ label: options.label, total: images, unit: 'images', start: clock.imagesSeen });
  const save = () => saveCheckpoint(run.checkpoints, clock, parts, options.keepCheckpoints);
  const began = clock.imagesSeen;
  let saved = began;
  try {
    while (clock.imagesSeen < images && !stopped) {
      const before = clock.imagesSeen;
      const numbers = step(clock);
      clock.step++;
      clock.imagesSeen += batchSize;
      const due = (interval: number) =>
        interval > 0 && Math.floor(clock.imagesSeen / interval) > Math.floor(before / interval);
      if (due(every.log) || clock.imagesSeen >= images) run.record(clock, numbers);
      bar.update(clock.imagesSeen, `loss ${numbers['loss']!.toFixed(3)}`);
      if (due(every.sample) && clock.imagesSeen < images) await options.sample?.(clock);
      if (due(every.save)) {
        save();
        saved = clock.imagesSeen;
      }
      await new Promise(setImmediate); // lets signals and finalisers in
    }
    if (saved !== clock.imagesSeen) save();
    if (!stopped && clock.imagesSeen > began) await options.sample?.(clock);
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    throw new UsageError(
      `${run.path}: training stopped at image ${clock.imagesSeen}: ${error.message}; the last checkpoint is whole`,
    );
  } finally {
    bar.stop();
    run.close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  return stopped === 'SIGINT' || stopped === 'SIGTERM' ? stopped : 'done';
}

/** The clock of the newest whole checkpoint after loading it, or of the beginning. */
function resume({ run, parts, say }: LoopOptions): Clock {
  const newest = newestCheckpoint(run.checkpoints, say);
  const clock = newest?.clock ?? { step: 0, imagesSeen: 0 };
  if (newest) {
    loadCheckpoint(newest.path, parts);
    say(`continuing from ${newest.path} (${clock.imagesSeen} images seen)`);
  }
  run.rewind(clock);
  return { ...clock };
}
