// Charts of compared arms: differences from the control with their intervals, and curves with the spread of the seeds.
import * as echarts from 'echarts';

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

function render(height: number, option: echarts.EChartsCoreOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, backgroundColor: '#fff', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

type Item = (params: unknown, api: {
  value: (i: number) => number;
  coord: (point: readonly number[]) => number[];
}) => object; // prettier-ignore

/** A line from one end to the other with a short bar at either; `ends` gives two points of the data. */
function whisker(ends: (value: (i: number) => number) => [readonly number[], readonly number[]], color: string): Item {
  return (_, api) => {
    const [from, to] = ends((i) => api.value(i)).map((point) => api.coord(point)) as [number[], number[]];
    const horizontal = from[1] === to[1];
    const bar = ([x, y]: number[]) => ({
      type: 'line',
      shape: horizontal ? { x1: x, x2: x, y1: y! - 5, y2: y! + 5 } : { x1: x! - 5, x2: x! + 5, y1: y, y2: y },
      style: { stroke: color },
    });
    const stem = { type: 'line', shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: color } };
    return { type: 'group', children: [stem, bar(from), bar(to)] };
  };
}

/** Values with intervals about a line at zero, one row each: which arms differ from their control. */
export function whiskerChart({ title, xName }: Omit<Axes, 'yName'>, rows: readonly Whisker[]): string {
  const names = rows.map(({ name }) => name);
  const spans = rows.flatMap(({ low, high }, i) => (low === undefined || high === undefined ? [] : [[low, high, i]]));
  return render(130 + 30 * rows.length, {
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    grid: { left: 24 + 7 * Math.max(...names.map((name) => name.length)), right: 40, top: 40, bottom: 44 },
    xAxis: { type: 'value', name: xName, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'category', data: names, inverse: true, axisTick: { show: false } },
    series: [
      {
        type: 'custom',
        data: spans,
        encode: { x: [0, 1], y: 2 },
        renderItem: whisker((value) => [[value(0), value(2)], [value(1), value(2)]], '#5470c6'), // prettier-ignore
      },
      {
        type: 'scatter',
        symbolSize: 9,
        itemStyle: { color: '#5470c6' },
        data: rows.map(({ value }, i) => [value, i]),
        markLine: {
          symbol: 'none',
          silent: true,
          label: { show: false },
          lineStyle: { color: '#888' },
          data: [{ xAxis: 0 }],
        },
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
      .map(([x, mean, deviation]) => [x, mean - deviation, mean + deviation]),
    encode: { x: 0, y: [1, 2] },
    renderItem: whisker((value) => [[value(0), value(1)], [value(0), value(2)]], color(i)), // prettier-ignore
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
