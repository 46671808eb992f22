// What a sweep shows: the best point of each model, the best over the filters at each guidance, and models compared where each is at its best, at
// the same settings and at the same guidance.
import type { Column } from '../recipes/index.js';
import { type Grid, type GridPoint, samePoint } from './sweepGrid.js';
import type { SweepModel, SweptGuidance } from './sweepPoints.js';
import type { Measured } from './sweepRun.js';

/** A sweep as it was measured: whole, or as far as it came. */
export interface Sweep {
  models: readonly SweepModel[];
  grid: Grid;
  /** Figure that models are ranked by: lower is better. */
  key: string;
  points: readonly Measured[];
}

/** All figures of the points. */
export function columnsOf({ points }: Sweep): readonly Column[] {
  return points[0]?.columns ?? [];
}

/** Points of a model, in the grid's order. */
export function pointsOf({ points }: Sweep, model: SweepModel): Measured[] {
  return points.filter((point) => point.model === model);
}

/** The lowest of some points, the first of equals; points whose figure is no number do not count. */
export function lowest(points: readonly Measured[], key: string): Measured | undefined {
  return points
    .filter(({ figures }) => Number.isFinite(figures[key]))
    .reduce<Measured | undefined>((least, one) => (least && least.figures[key]! <= one.figures[key]! ? least : one), undefined); // prettier-ignore
}

/** The best point of a model. */
export function bestOf(sweep: Sweep, model: SweepModel): Measured | undefined {
  return lowest(pointsOf(sweep, model), sweep.key);
}

/** The best points of a model over the filters, one at each guidance that was measured. */
export function frontierOf(sweep: Sweep, model: SweepModel): Measured[] {
  const points = pointsOf(sweep, model);
  return sweep.grid.cfg.flatMap((cfg) => lowest(points.filter(({ point }) => point.cfg === cfg), sweep.key) ?? []); // prettier-ignore
}

/** A model's point of some settings. */
export function pointAt(sweep: Sweep, model: SweepModel, at: GridPoint): Measured | undefined {
  return pointsOf(sweep, model).find(({ point }) => samePoint(point, at));
}

/** How far a value lies above (+) or below (−) another, in per cent; undefined where one is missing. */
export function percentOver(value: number | undefined, control: number | undefined): number | undefined {
  return value === undefined || control === undefined ? undefined : 100 * (value / control - 1);
}

/** Values of an axis in the order of what they do: 0 keeps all codes, as the largest value would. */
const openEnd = (values: readonly number[]) => values.map((value) => value || Infinity).sort((a, b) => a - b);

/** Which end of its axis a value lies at; undefined within, for an only value, and at an end beyond which there is nothing. */
function endOf(value: number, values: readonly number[], least: number, most: number): string | undefined {
  if (values.length < 2) return undefined;
  if (value === values[0] && value > least) return 'lowest';
  return value === values.at(-1) && value < most ? 'highest' : undefined;
}

/**
 * The axes at whose end a point lies, where values beyond might be better: e.g. `the highest guidance (4)`. There is nothing below no guidance at
 * all, nor above all codes.
 */
export function edgesOf(
  { cfg, topK, topP, temperature }: GridPoint,
  grid: Grid,
  shape: SweptGuidance['shape'],
): string[] {
  const [k, p] = [topK || Infinity, topP || Infinity];
  const found: [name: string, value: number, end: string | undefined][] = [
    ['guidance', cfg, endOf(cfg, grid.cfg, shape === 'ramp' ? 0 : 1, Infinity)],
    ['top-k', topK, endOf(k, openEnd(grid.topK), 1, Infinity)],
    ['top-p', topP, endOf(p, openEnd(grid.topP), 0, 1)],
    ['temperature', temperature, endOf(temperature, grid.temperature, 0, Infinity)],
  ];
  return found.filter(([, , end]) => end).map(([name, value, end]) => `the ${end} ${name} (${value})`);
}
