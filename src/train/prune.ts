// Which checkpoints of a run can go, and their deletion. The newest whole one never goes.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import { removeCheckpoint, verifyCheckpoint } from './checkpointFiles.js';
import { type CheckpointGlance, glanceAtCheckpoints, readRun } from './runs.js';

/** What would be deleted, and what stays. */
export interface Pruning {
  run: string;
  kept: readonly CheckpointGlance[];
  deleted: readonly CheckpointGlance[];
  /** What interrupted writes left aside. */
  leftovers: readonly string[];
}

/** The newest `count` checkpoints whose files have the sums that their manifest names. */
function newestWhole(checkpoints: readonly CheckpointGlance[], count: number): CheckpointGlance[] {
  const whole: CheckpointGlance[] = [];
  for (const one of checkpoints) {
    if (whole.length === count) break;
    try {
      verifyCheckpoint(one.path);
      whole.push(one);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return whole;
}

/** Of checkpoints in order of time: the first that is whole at or after every multiple of `every` images. */
function milestones(checkpoints: readonly CheckpointGlance[], every: number): CheckpointGlance[] {
  let reached = 0;
  return checkpoints.filter(({ clock, problem }) => {
    const multiple = every > 0 && clock && problem === undefined ? Math.floor(clock.imagesSeen / every) : 0;
    if (multiple <= reached) return false;
    reached = multiple;
    return true;
  });
}

/**
 * Plans which checkpoints of a run to delete: all but the newest `keep` whole ones and one for every `keepEvery` images (0 for none of them;
 * by default those that the training itself keeps for good).
 * @throws UsageError where the run is being written to now, or has checkpoints of which none is whole
 */
export function planPruning(run: string, { keep, keepEvery }: { keep: number; keepEvery?: number }): Pruning {
  const { state } = readRun(run);
  if (state === 'running')
    throw new UsageError(`${run}: it is training now and prunes itself (keepCheckpoints); stop it first`);
  const folder = join(run, 'checkpoints');
  const all = glanceAtCheckpoints(folder);
  const newest = newestWhole(all, Math.max(keep, 1));
  if (all.length && !newest.length)
    throw new UsageError(`${run}: none of its ${all.length} checkpoints is whole; nothing is deleted`);
  const marked = all.filter((one) => one.kept && one.problem === undefined);
  const lasting = keepEvery === undefined ? marked : milestones([...all].reverse(), keepEvery);
  const kept = new Set([...newest, ...lasting]);
  const names = existsSync(folder) ? explainIo(folder, () => readdirSync(folder)) : [];
  return {
    run,
    kept: all.filter((one) => kept.has(one)),
    deleted: all.filter((one) => !kept.has(one)),
    leftovers: names.filter((name) => name.endsWith('.part')).map((name) => join(folder, name)),
  };
}

/** Deletes what was planned. */
export function prune({ deleted, leftovers }: Pruning): void {
  for (const { path } of deleted) removeCheckpoint(path);
  for (const path of leftovers) explainIo(path, () => { rmSync(path, { recursive: true, force: true }); }); // prettier-ignore
}
