// The grid of a sweep: values written as ranges and lists, and the points that they span.
import { UsageError } from '../util/errors.js';

/** The values of every axis, ascending and each once. */
export interface Grid {
  /** Strengths of guidance. */
  cfg: readonly number[];
  /** Codes to draw from; 0 for all. */
  topK: readonly number[];
  /** Mass of the codes to draw from; 0 for all. */
  topP: readonly number[];
  temperature: readonly number[];
}

/** One way of sampling: a value of every axis. */
export type GridPoint = { readonly [axis in keyof Grid]: number };

/** What a point has besides its guidance. */
export type Filter = Omit<GridPoint, 'cfg'>;

const mostValues = 1000;
const mostPoints = 10_000;
const decimal = String.raw`\d+(?:\.\d+)?|\.\d+`;
const rangePattern = new RegExp(`^(${decimal})(?::(${decimal}):(${decimal}))?$`);
const digitsOf = (text: string) => text.split('.')[1]?.length ?? 0;

/** The values of `a` or `a:b:step`, as decimals: no value is off by a rounding. */
function valuesOf(flag: string, text: string): number[] {
  const found = rangePattern.exec(text);
  if (!found)
    throw new UsageError(`${flag}: expected a number or a range FROM:TO:STEP, such as 1:4:0.25, got '${text}'`);
  const [, first, last, step] = found as unknown as [string, string, string?, string?];
  if (last === undefined || step === undefined) return [Number(first)];
  if (Number(step) === 0) throw new UsageError(`${flag}: expected a step above 0, got '${text}'`);
  const digits = Math.max(digitsOf(first), digitsOf(step));
  const whole = (value: string) => Math.round(Number(value) * 10 ** digits);
  const from = whole(first);
  const by = whole(step);
  const count = Math.floor((Number(last) * 10 ** digits - from) / by + 1e-9) + 1;
  if (count < 1) throw new UsageError(`${flag}: expected a range that ends above its beginning, got '${text}'`);
  if (count > mostValues)
    throw new UsageError(`${flag}: expected at most ${mostValues} values, got ${count} of '${text}'; take a larger step`); // prettier-ignore
  return Array.from({ length: count }, (_, i) => Number(((from + i * by) / 10 ** digits).toFixed(digits)));
}

/**
 * The values of a flag, ascending and each once: numbers and ranges `from:to:step`, both ends included, with commas between them.
 * @throws UsageError where there is no value, a step is 0, a range ends before it begins, or there are more than a thousand values
 */
export function parseValues(flag: string, text: string): number[] {
  const values = text.split(',').flatMap((part) => valuesOf(flag, part.trim()));
  return [...new Set(values)].sort((a, b) => a - b);
}

/**
 * The points of a grid, the strengths of guidance of one filter after another.
 * @throws UsageError where they are more than ten thousand
 */
export function gridPoints(grid: Grid): GridPoint[] {
  const filters = filtersOf(grid);
  const count = filters.length * grid.cfg.length;
  if (count > mostPoints)
    throw new UsageError(`sweep: expected at most ${mostPoints} points, the grid has ${count}; take larger steps`);
  return filters.flatMap((filter) => grid.cfg.map((cfg) => ({ cfg, ...filter })));
}

/** The filters of a grid: what a point has besides its guidance. */
export function filtersOf({ topK, topP, temperature }: Grid): Filter[] {
  return topK.flatMap((k) => topP.flatMap((p) => temperature.map((t) => ({ topK: k, topP: p, temperature: t }))));
}

/** Whether two points, or a point and a filter, choose among the codes in the same way. */
export function sameFilter(a: Filter, b: Filter): boolean {
  return a.topK === b.topK && a.topP === b.topP && a.temperature === b.temperature;
}

/** Whether two points are the same settings. */
export function samePoint(a: GridPoint, b: GridPoint): boolean {
  return a.cfg === b.cfg && sameFilter(a, b);
}

/** A point as the beginning of a file's name, e.g. `cfg2.5-k900-p0.95`. */
export function pointName({ cfg, topK, topP, temperature }: GridPoint): string {
  const parts = [topK && `k${topK}`, topP && `p${topP}`, temperature !== 1 && `t${temperature}`];
  return [`cfg${cfg}`, ...parts.filter(Boolean)].join('-');
}

/** A filter in words. */
export function filterText({ topK, topP, temperature }: Filter): string {
  const parts = [topK && `top-k ${topK}`, topP && `top-p ${topP}`, temperature !== 1 && `temperature ${temperature}`];
  return parts.filter(Boolean).join(', ') || 'all codes';
}

/** A point in words. */
export function pointText(point: GridPoint): string {
  const filter = filterText(point);
  return `guidance ${point.cfg}${filter === 'all codes' ? '' : `, ${filter}`}`;
}
