// The processes that a training command is one of: found from the launcher's variables, joined before anything is read or written.
import { resolveTopology } from '../launch/index.js';
import type { TrainingSettings } from '../recipes/index.js';
import { joinWorld, type World } from '../train/index.js';
import { say, type TrainingFlags } from './settingsOptions.js';

/** What a training command runs in. */
export interface Job<S> {
  world: World;
  /** The settings with this process's own GPU. */
  settings: S;
  /** Speaks for all processes: the first one's lines, the others stay silent. */
  say: (line: string) => void;
}

/** Joins the job that this process was started in, or stays alone. */
export function joinJob<S extends TrainingSettings>(given: S, flags: TrainingFlags): Job<S> {
  const topology = resolveTopology(process.env, flags);
  const speak = topology.rank === 0 ? say : () => undefined;
  const { timeout, device } = given;
  const { rank, size, host, port } = topology;
  if (size > 1) say(`process ${rank} of ${size}: meeting the others at ${host}:${port}`);
  const world = joinWorld(topology, { timeout, device, say: speak });
  return { world, settings: { ...given, device: world.device }, say: speak };
}
