// The trainings and measurements of an experiment as commands: to run them one by one, on many machines, from whichever folder. The experiment then
// finds them done.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { shellLine } from '../util/shell.js';
import { type Measuring, placeOf, recordKey, trainingOf } from './arms.js';
import type { Workplace } from './base.js';
import { type Arm, settingsOf } from './catalogue.js';
import { type Draw, drawsOf } from './draw.js';
import { evaluationFolder, partOf } from './evaluations.js';
import type { Ground } from './grounds.js';
import { type SeedRange, seedsOf } from './seeds.js';

/** What the commands depend on. */
export interface PlanOptions extends Pick<Workplace, 'out' | 'device' | 'threads'> {
  data: string;
  generator: string;
  seeds: SeedRange;
  set: readonly string[];
}

/** A path as it holds from every folder; a name that is no path stays. */
export const fromEverywhere = (path: string) => (existsSync(path) ? resolve(path) : path);

/** A `scalewise refine` command for every arm and seed of a ground. */
export function armCommands(ground: Ground, arms: readonly Arm[], options: PlanOptions): string[] {
  const { seeds, set, out, device, threads } = options;
  const [data, generator] = [fromEverywhere(options.data), fromEverywhere(options.generator)];
  for (const arm of arms) trainingOf({ ground, data, generator }, arm, 0, options); // refuses settings that no training would take
  return seedsOf(seeds).flatMap((seed) =>
    arms.map((arm) =>
      shellLine([
        ...['scalewise', 'refine', '--preset', ground.refine, '--generator', generator, '--data', data],
        ...[...settingsOf(arm), ...set].flatMap((one) => ['--set', one]),
        ...['--seed', String(seed), '--threads', String(threads), '--device', device],
        ...['--out', placeOf(resolve(out), ground, arm, set, seed)],
      ]),
    ),
  );
}

/** What measurements by Inception depend on. */
export interface MeasurePlan extends PlanOptions, Measuring {
  /** The file of statistics. */
  reference: string;
  /** Inception's weights; the cache's by default. */
  inception?: string | undefined;
}

const drawFlags = ({ cfg, temperature }: Draw) => ['--cfg', cfg, ...(temperature === 1 ? [] : ['--temperature', temperature])]; // prettier-ignore

/** A `scalewise evaluate` command for every model of a ground and every way of sampling. */
export function measureCommands(ground: Ground, arms: readonly Arm[], options: MeasurePlan): string[] {
  const { seeds, set, device, threads, inception, topK, topP, count, batchSize } = options;
  const out = resolve(options.out);
  const network = ['--inception', ...(inception === undefined ? [] : [fromEverywhere(inception)])];
  const shared = [
    '--count',
    count,
    '--batch',
    batchSize,
    '--part',
    partOf(batchSize),
    '--top-k',
    topK,
    '--top-p',
    topP,
  ];
  const commands = (place: string, key: string, seed: number) =>
    drawsOf(options).map((draw) =>
      shellLine([
        ...['scalewise', 'evaluate', place, ...network, '--reference', fromEverywhere(options.reference)],
        ...[...shared, ...drawFlags(draw), '--seed', seed, '--replicates', 0, '--threads', threads].map(String),
        ...['--device', device, '--out', evaluationFolder(out, { ground: ground.name, key }, draw, options)],
      ]),
    );
  return [
    ...commands(fromEverywhere(options.generator), 'before', 0),
    ...seedsOf(seeds).flatMap((seed) =>
      arms.flatMap((arm) => commands(placeOf(out, ground, arm, set, seed), recordKey(arm, set, seed), seed)),
    ),
  ];
}
