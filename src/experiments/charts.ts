// Charts of compared arms: differences from the control with their intervals.
import { render, type Titles, titleOf } from './chartFrame.js';
import { type Cut, cutTo, whiskerDatum, whiskerItem } from './whiskers.js';

/** A value with an interval; without ends where there is one value alone. */
export interface Whisker {
  name: string;
  value: number;
  low?: number;
  high?: number;
}

const rowColor = '#5470c6';

/** A row's interval, or its value alone, cut to the frame; undefined where there is nothing to draw beside a dot. */
function cutOf({ value, low = value, high = value }: Whisker, frame: readonly [number, number]): Cut | undefined {
  const cut = cutTo(frame, low, high);
  return low < high || cut.lowIsCut || cut.highIsCut ? cut : undefined;
}

/**
 * Values with intervals about a line at zero, one row each: which arms differ from their control. What lies beyond the frame of −`farthest` to
 * `farthest` is an arrow that points at it.
 */
export function whiskerChart({ title, xName }: Titles, rows: readonly Whisker[], farthest = Infinity): string {
  const frame = [-farthest, farthest] as const;
  const names = rows.map(({ name }) => name);
  const widest = Math.max(...names.flatMap((name) => name.split('\n')).map((line) => line.length));
  const cuts = rows.map((row) => cutOf(row, frame));
  const [lowIsCut, highIsCut] = [cuts.some((cut) => cut?.lowIsCut), cuts.some((cut) => cut?.highIsCut)];
  return render(130 + 34 * rows.length, {
    title: titleOf(title),
    grid: { left: 24 + 7 * widest, right: 40, top: 40, bottom: 44 },
    xAxis: {
      type: 'value',
      name: xName,
      nameLocation: 'middle',
      nameGap: 28,
      ...(lowIsCut && { min: -farthest }),
      ...(highIsCut && { max: farthest }),
      ...((lowIsCut || highIsCut) && { interval: farthest / 3 }),
    },
    yAxis: { type: 'category', data: names, inverse: true, axisTick: { show: false }, axisLabel: { lineHeight: 15 } },
    series: [
      {
        type: 'custom',
        data: cuts.flatMap((cut, i) => (cut ? [whiskerDatum(i, cut)] : [])),
        encode: { x: [1, 2], y: 0 },
        renderItem: whiskerItem(rowColor, true),
      },
      {
        type: 'scatter',
        symbolSize: 9,
        itemStyle: { color: rowColor, opacity: 1 },
        data: rows.flatMap(({ value }, i) => (Math.abs(value) <= farthest ? [[value, i]] : [])),
      },
    ],
  });
}
