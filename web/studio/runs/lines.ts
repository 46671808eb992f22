// What the charts of a group of metrics draw: all metrics of one run in one chart, or a chart a metric with a line a run.
import { metricStroke, runStroke, type Stroke } from './colours.js';
import type { GroupedMetric, MetricGroup, Unit } from './groups.js';
import { nearestIndex, type Points, pointsOf, smoothed } from './records.js';
import type { KnownRun } from './useRun.js';

/** A line of a chart. */
export interface Line {
  label: string;
  stroke: Stroke;
  points: Points;
  /** As drawn: `points.y` without smoothing. */
  smooth: readonly number[];
}

/** A chart. */
export interface ChartLines {
  title: string;
  unit: Unit;
  lines: Line[];
}

/** A place among the runs that are compared, which settles a line's colour. */
export type PlacedRun = KnownRun & { place: number };

function lineOf(run: KnownRun, { name }: GroupedMetric, label: string, stroke: Stroke, smoothing: number): Line[] {
  const points = pointsOf(run.records, name);
  return points.x.length ? [{ label, stroke, points, smooth: smoothed(points.y, smoothing) }] : [];
}

/** The charts of a group. */
export function chartsOf(
  { title, unit, metrics }: MetricGroup,
  runs: readonly PlacedRun[],
  smoothing: number,
): ChartLines[] {
  const [only] = runs;
  if (runs.length === 1 && only) {
    const stroke = (i: number) => (metrics.length === 1 ? runStroke(0) : metricStroke(i, metrics.length));
    const lines = metrics.flatMap((metric, i) => lineOf(only, metric, metric.label, stroke(i), smoothing));
    return [{ title, unit, lines }];
  }
  return metrics.map((metric) => ({
    title: metrics.length === 1 ? title : metric.label,
    unit,
    lines: runs.flatMap((run) => lineOf(run, metric, run.details.name, runStroke(run.place), smoothing)),
  }));
}

/** What a line reads at a place, or at its end; the place is that of its nearest point. */
export function readLine(
  { points: { x, y }, smooth }: Line,
  at: number | undefined,
): { x: number; raw: number; value: number } {
  const index = at === undefined ? x.length - 1 : nearestIndex(x, at);
  return { x: x[index]!, raw: y[index]!, value: smooth[index]! };
}
