// Best points measured again. The lowest of many figures is partly luck, so it lies lower than its settings deserve; other seeds, which chose
// nothing, tell what they deserve. The models' differences are paired by seed.
import type { Column } from '../recipes/index.js';
import type { Table } from './page.js';
import { type GridPoint, pointText, samePoint } from './sweepGrid.js';
import type { SweepModel, Task } from './sweepPoints.js';
import type { Measured } from './sweepRun.js';
import { bestOf, type Sweep } from './sweepSummary.js';
import { intervalText, relativeDifferences, spreadText, summarise, verdictOf } from './summary.js';

/** What was measured again, whole or as far as it came. */
export interface Confirmation {
  points: readonly Measured[];
  /** Seeds, and points that there would be if it were whole. */
  repeats: number;
  total: number;
}

/** Settings that a model is measured again at: its best, and what it shares with the first model to be compared. */
function settingsOf(sweep: Sweep, model: SweepModel): GridPoint[] {
  const first = sweep.models[0]!;
  const wanted = model === first ? sweep.models : [model, first];
  const points = wanted.flatMap((each) => bestOf(sweep, each)?.point ?? []);
  return points.filter((point, i) => points.findIndex((other) => samePoint(other, point)) === i);
}

/** The best points with `repeats` other seeds: those that follow the sweep's own. */
export function confirmationTasks(sweep: Sweep, seed: number, repeats: number): Task[] {
  const seeds = Array.from({ length: repeats }, (_, i) => seed + 1 + i);
  return sweep.models.flatMap((model) =>
    settingsOf(sweep, model).flatMap((point) => seeds.map((each) => ({ model, point, seed: each }))),
  );
}

/** The distances of a model at some settings, by seed. */
function distancesOf(
  { points }: Confirmation,
  key: string,
  model: SweepModel,
  at: GridPoint | undefined,
): Map<number, number> {
  // prettier-ignore
  const there = points.filter((one) => one.model === model && at !== undefined && samePoint(one.point, at));
  return new Map(there.map(({ seed, figures }) => [seed, figures[key]!]));
}

/** How far a model's distances lie from the first model's of the same seeds; a dash where there are none. */
function differenceText(own: ReadonlyMap<number, number>, control: ReadonlyMap<number, number>): string {
  const seeds = [...own.keys()].filter((seed) => control.has(seed));
  if (!seeds.length) return '–';
  const values = (of: ReadonlyMap<number, number>) => seeds.map((seed) => of.get(seed)!);
  const summary = summarise(relativeDifferences(values(own), values(control)));
  return summary.count === 1 ? intervalText(summary) : `${intervalText(summary)}, ${verdictOf(summary)}`;
}

/** Each model at its best with other seeds, and its differences from the first: each at its own best, both at the first's, both at this one's. */
export function confirmationTable(sweep: Sweep, confirmation: Confirmation, { key, name, digits }: Column): Table {
  const [first] = sweep.models as [SweepModel];
  const bestPoint = (model: SweepModel) => bestOf(sweep, model)?.point;
  const at = (model: SweepModel, point: GridPoint | undefined) => distancesOf(confirmation, key, model, point);
  const rows = sweep.models.map((model) => {
    const best = bestPoint(model);
    const own = at(model, best);
    const place = [model.name, best ? pointText(best) : '–', own.size ? spreadText(summarise([...own.values()]), digits) : '–']; // prettier-ignore
    if (model === first) return [...place, '', '', ''];
    const shared = [bestPoint(first), best].map((point) => differenceText(at(model, point), at(first, point)));
    return [...place, differenceText(own, at(first, bestPoint(first))), ...shared];
  });
  const header = ['model', 'best settings', `${name} with other seeds`, `against ${first.name}, each at its own best`, `both at ${first.name}’s best`, 'both at this model’s best']; // prettier-ignore
  const shown = sweep.models.length > 1 ? header.length : 3;
  return { header: header.slice(0, shown), rows: rows.map((row) => row.slice(0, shown)) };
}
