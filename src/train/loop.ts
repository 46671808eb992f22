// The training loop, whole. The clock is images seen; the same command in the same folder goes on where the last one stopped, bit for bit.
// What a step does is the caller's: here is only when it is done, shown, sampled and saved. Every process of a world runs this; the first one writes.
import { UsageError } from '../util/errors.js';
import { progress } from '../util/progress.js';
import { type Ended, watchSignals } from '../util/signals.js';
import { type CheckpointParts, CheckpointWriter } from './checkpoint.js';
import type { Clock } from './checkpointFiles.js';
import { resume } from './resume.js';
import type { RunFolder } from './runFolder.js';
import { DivergenceError, type StepOutcome } from './step.js';
import type { Throughput } from './throughput.js';
import type { World } from './world.js';

/** What the loop needs to know; the intervals count images. */
export interface LoopOptions<Data> {
  label: string;
  world: World;
  run: RunFolder;
  /** Images to train on in all. */
  images: number;
  /** Images of a step, of all processes. */
  batchSize: number;
  /** `keep`: one more checkpoint stays for good; `average`: snapshots of averages. */
  every: { log: number; sample: number; save: number; keep: number; average: number };
  /** How many of the newest checkpoints stay. */
  keepCheckpoints: number;
  /** Steps in a row that may be skipped because a loss or gradient was not finite. */
  maxSkipped: number;
  /** What checkpoints hold. */
  parts: CheckpointParts;
  throughput: Throughput;
  /** What a step trains on. */
  data: (clock: Clock) => Promise<Data>;
  /** Trains on one batch. Its randomness is a function of the seed and the clock. `measure`: its numbers will be recorded. */
  step: (clock: Clock, data: Data, measure: boolean) => StepOutcome & { flops?: number };
  /** Draws pictures for samples/. */
  sample?: (clock: Clock) => Promise<void>;
  /** Writes the averages of the weights. */
  snapshot?: () => void;
  say: (line: string) => void;
}

/** How a run ended: `done`, or the signal that stopped it after a save. */
export type LoopEnd = Ended;

/** Trains to the end, or until a signal; a second Ctrl-C leaves at once. */
export async function trainingLoop<Data>(options: LoopOptions<Data>): Promise<LoopEnd> {
  const { world, run, images, batchSize, every, parts, throughput, say } = options;
  const clock = resume(options);
  const signals = watchSignals((signal) => {
    say(`${signal}: saving after this step (again: leave at once)`);
  });
  signals.on();
  const bar = progress({ label: options.label, total: images, unit: 'images', start: clock.imagesSeen, quiet: !world.isFirst }); // prettier-ignore
  const checkpoints = new CheckpointWriter(run.checkpoints, options.keepCheckpoints, every.keep);
  const began = clock.imagesSeen;
  let saved = began;
  const save = async () => {
    if (world.isFirst && saved !== clock.imagesSeen) await checkpoints.save(clock, parts, saved);
    saved = clock.imagesSeen;
  };
  let stopped = false;
  try {
    while (clock.imagesSeen < images && !stopped) {
      const due = (interval: number) =>
        interval > 0 && Math.floor((clock.imagesSeen + batchSize) / interval) > Math.floor(clock.imagesSeen / interval);
      const isLast = clock.imagesSeen + batchSize >= images;
      const now = {
        log: due(every.log) || isLast,
        sample: due(every.sample) && !isLast,
        save: due(every.save),
        snapshot: due(every.average) || isLast,
      };
      const data = await throughput.waiting(() => options.data(clock));
      const { numbers, skipped, flops } = options.step(clock, data, now.log);
      clock.step++;
      clock.imagesSeen += batchSize;
      throughput.step(batchSize / world.size, flops);
      count(clock, skipped, options);
      if (now.log && world.isFirst) run.record(clock, { ...numbers, ...throughput.take() });
      bar.update(clock.imagesSeen, `loss ${numbers['loss']!.toFixed(3)}`);
      if (now.snapshot && world.isFirst) options.snapshot?.(); // before the checkpoint that a stopped run goes on after
      if (now.save) await save();
      if (now.sample && world.isFirst && signals.ended === 'done')
        await throughput.aside(() => options.sample?.(clock));
      await new Promise(setImmediate); // lets signals and finalisers in
      checkpoints.check();
      stopped = world.any(signals.ended !== 'done');
    }
    await save();
    await checkpoints.finish();
    if (!stopped && clock.skippedInRow > 0)
      throw new DivergenceError(`its last ${clock.skippedInRow} steps had to be skipped; ${goOn}`);
    if (world.isFirst && !stopped && clock.imagesSeen > began) await options.sample?.(clock);
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw world.explain(error);
    throw new UsageError(`${run.path}: training stopped at image ${clock.imagesSeen}: ${error.message}`, {
      cause: error,
    });
  } finally {
    bar.stop();
    run.close();
    signals.off();
    await checkpoints.close();
  }
  if (!stopped) return 'done';
  return signals.ended === 'done' ? 'SIGTERM' : signals.ended; // another process's
}

const goOn =
  'the last checkpoint before is whole: go on from it in another --out, with a lower learning rate or in float32';

/** Counts a step that was skipped, or that one was not; too many in a row end the training. */
function count(
  clock: Clock,
  skipped: string | undefined,
  { maxSkipped, say }: Pick<LoopOptions<unknown>, 'maxSkipped' | 'say'>,
): void {
  clock.skippedInRow = skipped === undefined ? 0 : clock.skippedInRow + 1;
  if (skipped === undefined) return;
  clock.skipped++;
  say(`step ${clock.step} was skipped: ${skipped}`);
  if (clock.skippedInRow >= maxSkipped)
    throw new DivergenceError(
      `${clock.skippedInRow} steps in a row had to be skipped, in the last one ${skipped}; ${goOn}`,
    );
}
