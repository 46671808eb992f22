// Charts of compared arms: differences from the control with their intervals, and curves with the spread of the seeds.
import * as echarts from 'echarts';
import { type Cut, cutTo, whiskerDatum, whiskerItem } from './whiskers.js';

/** A value with an interval; without ends where there is one value alone. */
export interface Whisker {
  name: string;
  value: number;
  low?: number;
  high?: number;
}

/** A curve whose points have a spread: [x, mean, deviation]. */
export interface BandCurve {
  name: string;
  points: readonly (readonly [x: number, mean: number, deviation: number])[];
}

/** Axis names of a chart. */
export interface Axes {
  title: string;
  xName: string;
  yName: string;
}

const width = 820;
const rowColor = '#5470c6';

function render(height: number, option: echarts.EChartsCoreOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, backgroundColor: '#fff', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** A row's interval, or its value alone, cut to the frame; undefined where there is nothing to draw beside a dot. */
function cutOf({ value, low = value, high = value }: Whisker, frame: readonly [number, number]): Cut | undefined {
  const cut = cutTo(frame, low, high);
  return low < high || cut.lowIsCut || cut.highIsCut ? cut : undefined;
}

/**
 * Values with intervals about a line at zero, one row each: which arms differ from their control. What lies beyond the frame of −`farthest` to
 * `farthest` is an arrow that points at it.
 */
export function whiskerChart(
  { title, xName }: Omit<Axes, 'yName'>,
  rows: readonly Whisker[],
  farthest = Infinity,
): string {
  const frame = [-farthest, farthest] as const;
  const names = rows.map(({ name }) => name);
  const widest = Math.max(...names.flatMap((name) => name.split('\n')).map((line) => line.length));
  const cuts = rows.map((row) => cutOf(row, frame));
  const [lowIsCut, highIsCut] = [cuts.some((cut) => cut?.lowIsCut), cuts.some((cut) => cut?.highIsCut)];
  return render(130 + 34 * rows.length, {
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
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

/** Curves with the spread of the seeds as bars. */
export function bandChart({ title, xName, yName }: Axes, curves: readonly BandCurve[], height = 420): string {
  const color = (i: number) => palette[i % palette.length]!;
  const lines = curves.map(({ name, points }, i) => ({
    type: 'line',
    name,
    color: color(i),
    symbolSize: 6,
    data: points.map(([x, mean]) => [x, mean]),
  }));
  const bars = curves.map(({ points }, i) => ({
    type: 'custom',
    data: points
      .filter(([, , deviation]) => deviation > 0)
      .map(([x, mean, deviation]) => whiskerDatum(x, cutTo([-Infinity, Infinity], mean - deviation, mean + deviation))),
    encode: { x: 0, y: [1, 2] },
    renderItem: whiskerItem(color(i), false),
  }));
  return render(height, {
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    legend: { bottom: 0, data: curves.map(({ name }) => name) },
    grid: { left: 70, right: 24, top: 40, bottom: 84 },
    xAxis: { type: 'value', name: xName, nameLocation: 'middle', nameGap: 26, scale: true },
    yAxis: { type: 'value', name: yName, nameLocation: 'middle', nameGap: 50, scale: true },
    series: [...lines, ...bars],
  });
}

const palette = ['#5470c6', '#ee6666', '#91cc75', '#fac858', '#73c0de', '#3ba272', '#fc8452', '#9a60b4', '#ea7ccc'];
