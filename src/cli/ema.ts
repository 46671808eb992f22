// `scalewise ema`: averages of the weights of any width, from the snapshots that a training kept.
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type EmaSnapshot, listSnapshots, writeAverage } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { number, positive } from './settingsOptions.js';

interface EmaFlags {
  list?: boolean;
  sigma?: number;
  step?: number;
  out?: string;
  force?: boolean;
}

/** The snapshots of a run folder, or of the folder itself. */
function snapshotsOf(run: string): EmaSnapshot[] {
  if (!existsSync(run)) throw new UsageError(`${run}: there is no such folder`);
  const inside = join(run, 'ema');
  const found = listSnapshots(existsSync(inside) ? inside : run);
  if (!found.length) throw new UsageError(`${run}: it holds no snapshots of averages; train with --set ema=[0.05,0.1] to have them`); // prettier-ignore
  return found;
}

function run(folder: string, { list, sigma, step, out, force }: EmaFlags): void {
  const snapshots = snapshotsOf(folder);
  if (list) {
    for (const one of snapshots) console.log(`step ${one.step}  sigma ${one.sigma.toFixed(3)}  ${one.path}`);
    return;
  }
  if (sigma === undefined || out === undefined)
    throw new UsageError('ema: expected --sigma and --out, or --list to see what there is');
  if (existsSync(out) && !force) throw new UsageError(`${out}: it exists already; --force overwrites it`);
  const last = Math.max(...snapshots.map((one) => one.step));
  const at = step ?? last;
  if (at > last) throw new UsageError(`--step: expected at most ${last}, the step of the last snapshot, found ${at}`);
  const { weights, residual } = writeAverage(snapshots, { sigma, step: at }, out);
  console.log(`${out}: sigma ${sigma} at step ${at}, of ${weights.length} snapshots`);
  console.log(`the profile is met but for ${(100 * residual).toFixed(2)} % of its norm`);
}

export function registerEma(program: Command): void {
  program
    .command('ema')
    .description('compute an average of the weights of any width, from the snapshots that a training kept')
    .argument('<run>', 'a run folder, or the folder of its snapshots')
    .option('--list', 'show the snapshots')
    .option(
      '--sigma <width>',
      'relative width of the average: its spread over the steps as a share of them',
      number('--sigma'),
    ) // prettier-ignore
    .option('--step <n>', 'the step at which it ends; the last snapshot’s by default', positive('--step'))
    .option('-o, --out <file>', 'the new file, which `scalewise sample --generator` takes')
    .option('--force', 'overwrite the file')
    .addHelpText('after', '\nExample:\n  scalewise ema runs/gen --sigma 0.12 --out runs/gen/ema-0.12.safetensors\n')
    .action(run);
}
