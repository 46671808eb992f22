// The trainings of an experiment as commands: to run them one by one, on many machines. The experiment then finds them done and measures them.
import { shellLine } from '../util/shell.js';
import type { Workplace } from './base.js';
import { placeOf } from './arms.js';
import { type Arm, settingsOf } from './catalogue.js';
import type { Ground } from './grounds.js';

/** What the commands depend on. */
export interface PlanOptions extends Pick<Workplace, 'out' | 'device' | 'threads'> {
  data: string;
  generator: string;
  seeds: number;
  set: readonly string[];
}

/** A `scalewise refine` command for every arm and seed of a ground. */
export function armCommands(ground: Ground, arms: readonly Arm[], options: PlanOptions): string[] {
  const { data, generator, seeds, set, out, device, threads } = options;
  return Array.from({ length: seeds }, (_, seed) =>
    arms.map((arm) =>
      shellLine([
        ...['scalewise', 'refine', '--preset', ground.refine, '--generator', generator, '--data', data],
        ...[...settingsOf(arm), ...set].flatMap((one) => ['--set', one]),
        ...['--seed', String(seed), '--threads', String(threads), '--device', device],
        ...['--out', placeOf(out, ground, arm, set, seed)],
      ]),
    ),
  ).flat();
}
