// The scale of a chart's values: logarithmic where they differ by factors, so that curves near each other stay apart beside one far away.

/** Values of which the largest is more than this many times the smallest are drawn on a logarithmic scale. */
const mostOnLinear = 3;

/** Mantissas of the labels of a logarithmic scale, the densest first. */
const mantissas = [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1]];
/** More labels than this crowd an axis. */
const mostLabels = 9;

/** A value with what its error bar reaches to. */
export type Spread = readonly [mean: number, deviation: number];

/** The labels of a logarithmic scale between two positive numbers. */
export function logarithmicTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const all = mantissas.map((each) =>
    decades
      .flatMap((decade) => each.map((mantissa) => Number(`${mantissa}e${decade}`)))
      .filter((tick) => tick >= low && tick <= high),
  );
  return all.find(({ length }) => length <= mostLabels) ?? all.at(-1)!;
}

/** Whether values belong on a logarithmic scale. */
export function isLogarithmic(values: readonly number[]): boolean {
  const smallest = Math.min(...values);
  return smallest > 0 && Math.max(...values) > mostOnLinear * smallest;
}

/** Where a logarithmic axis begins and ends. Error bars that reach far below the smallest mean, or to zero, do not stretch it. */
export function logarithmicEnds(spreads: readonly Spread[]): [low: number, high: number] {
  const smallest = Math.min(...spreads.map(([mean]) => mean));
  const low = Math.max(smallest / 2, Math.min(...spreads.map(([mean, deviation]) => mean - deviation)));
  const high = Math.max(...spreads.map(([mean, deviation]) => mean + deviation));
  const margin = (high / low) ** 0.04;
  return [low / margin, high * margin];
}
