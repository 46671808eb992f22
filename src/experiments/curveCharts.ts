// Charts of curves that may lie on one another: means with the spread of the seeds at a few places, and courses of trainings in panels above each other.
import { render, titleOf, type Titles, width } from './chartFrame.js';
import { isLogarithmic, logarithmicEnds, logarithmicTicks, type Spread } from './chartScale.js';
import { type CurveStyle, legendOf, type Role, stylesOf } from './curveStyle.js';
import { cutTo, whiskerDatum, whiskerItem } from './whiskers.js';

interface Named {
  name: string;
  role?: Role | undefined;
}

/** A curve whose points have a spread: [x, mean, deviation]. */
export interface BandCurve extends Named {
  points: readonly (readonly [x: number, mean: number, deviation: number])[];
}

/** A curve of a training: [x, y]. */
export interface Course extends Named {
  points: readonly (readonly [x: number, y: number])[];
}

/** Courses on one scale. */
export interface CoursePanel {
  yName: string;
  courses: readonly Course[];
  /** Whether zero is shown where the scale is linear. */
  fromZero?: boolean;
}

const grid = { left: 76, right: 28, top: 40 };
const plotWidth = width - grid.left - grid.right;
/** What stands below the lowest panel beside the legend: labels and the axis's name. */
const footHeight = 58;

/** The y axis of values, and what of them it shows; a linear one begins at zero or near the values. */
function valueAxis(
  name: string,
  spreads: readonly Spread[],
  fromZero = false,
): { option: object; frame: readonly [number, number] } {
  const isLog = isLogarithmic(spreads.map(([mean]) => mean));
  const common = {
    name: isLog ? `${name}, logarithmic` : name,
    nameLocation: 'middle',
    nameGap: 52,
    axisLine: { onZero: false }, // at a guidance of 0, it would cover an error bar
  };
  if (!isLog) return { option: { ...common, type: 'value', scale: !fromZero }, frame: [-Infinity, Infinity] };
  const frame = logarithmicEnds(spreads);
  const customValues = logarithmicTicks(...frame);
  const option = {
    ...common,
    type: 'log',
    min: frame[0],
    max: frame[1],
    axisTick: { customValues },
    axisLabel: { customValues, formatter: (value: number) => String(Number(value.toPrecision(3))) },
    splitLine: { show: true, customValues },
  };
  return { option, frame };
}

/** Most pixels between the bars of neighbouring curves. */
const mostAside = 9;
/** Pixels between the outermost places and the frame, beside the bars. */
const besidePlaces = 24;

/** How far curves stand aside at each place so that their bars do not lie on one another, and the axis of the places, in its units. */
function placesAside(places: readonly number[], count: number) {
  const [first = 0, last = 0] = [places[0], places.at(-1)];
  const nearest = Math.min(...places.slice(1).map((place, i) => place - places[i]!));
  const room = last > first ? (nearest / (last - first)) * (plotWidth - 2 * besidePlaces) : plotWidth;
  const aside = Math.min(mostAside, (0.6 * room) / count); // in pixels
  const margin = (aside * count) / 2 + besidePlaces;
  const unit = last > first ? (last - first) / (plotWidth - 2 * margin) : 1 / plotWidth;
  return {
    shift: (i: number) => (i - (count - 1) / 2) * aside * unit,
    ends: last > first ? [first - margin * unit, last + margin * unit] : [first - 0.5, first + 0.5],
  };
}

const line = ({ color, symbol, lineType }: CurveStyle) => ({
  type: 'line',
  symbol,
  symbolSize: 8,
  color,
  lineStyle: { width: 1.5, type: lineType },
});

/** Curves with the spread of the seeds as bars, beside each other at every place. */
export function bandChart({ title, xName, yName }: Titles & { yName: string }, curves: readonly BandCurve[]): string {
  const styles = stylesOf(curves);
  const legend = legendOf(curves.map(({ name }) => name), width - 40); // prettier-ignore
  const all = curves.flatMap(({ points }) => points);
  const places = [...new Set(all.map(([x]) => x))].sort((a, b) => a - b);
  const { shift, ends } = placesAside(places, curves.length);
  const y = valueAxis(yName, all.map(([, mean, deviation]) => [mean, deviation] as const)); // prettier-ignore
  const lines = curves.map(({ name, points }, i) => ({
    ...line(styles[i]!),
    name,
    data: points.map(([x, mean]) => [x + shift(i), mean]),
  }));
  const bars = curves.map(({ points }, i) => ({
    type: 'custom',
    data: points
      .filter(([, , deviation]) => deviation > 0)
      .map(([x, mean, deviation]) => whiskerDatum(x + shift(i), cutTo(y.frame, mean - deviation, mean + deviation))),
    encode: { x: 0, y: [1, 2] },
    renderItem: whiskerItem(styles[i]!.color, false),
  }));
  return render(grid.top + 320 + footHeight + legend.height, {
    title: titleOf(title),
    legend: legend.option,
    grid: { ...grid, bottom: footHeight + legend.height },
    xAxis: {
      type: 'value',
      name: xName,
      nameLocation: 'middle',
      nameGap: 26,
      min: ends[0],
      max: ends[1],
      axisTick: { customValues: places },
      axisLabel: { customValues: places },
      splitLine: { show: false },
    },
    yAxis: y.option,
    series: [...lines, ...bars],
  });
}

/** About so many marks a curve; neighbouring curves have theirs at other points, so that one under another still shows. */
const marks = 10;

function courseSeries({ name, points }: Course, style: CurveStyle, index: number, panel: number): object {
  const every = Math.max(1, Math.round(points.length / marks));
  return {
    ...line(style),
    name,
    xAxisIndex: panel,
    yAxisIndex: panel,
    lineStyle: { width: 1.2, type: style.lineType },
    symbolSize: 7,
    data: points.map((value, i) => ({
      value: [...value],
      symbol: i % every === index % every ? style.symbol : 'none',
    })),
  };
}

const panelHeight = 250;
const betweenPanels = 26;

/** Courses in panels above each other, with one x axis and one legend; curves of one name look the same in all panels. */
export function courseChart({ title, xName }: Titles, panels: readonly CoursePanel[]): string {
  const distinct = [...new Map(panels.flatMap(({ courses }) => courses).map((one) => [one.name, one])).values()];
  const styles = stylesOf(distinct);
  const legend = legendOf(distinct.map(({ name }) => name), width - 40); // prettier-ignore
  const plots = panels.length * panelHeight + (panels.length - 1) * betweenPanels;
  const isLowest = (panel: number) => panel === panels.length - 1;
  return render(grid.top + plots + footHeight + legend.height, {
    title: titleOf(title),
    legend: legend.option,
    grid: panels.map((_, i) => ({ ...grid, top: grid.top + i * (panelHeight + betweenPanels), height: panelHeight })),
    xAxis: panels.map((_, gridIndex) => ({
      gridIndex,
      type: 'value',
      scale: true,
      axisLabel: { show: isLowest(gridIndex) },
      ...(isLowest(gridIndex) && { name: xName, nameLocation: 'middle', nameGap: 26 }),
    })),
    yAxis: panels.map(({ yName, courses, fromZero }, gridIndex) => ({
      ...valueAxis(yName, courses.flatMap(({ points }) => points.map(([, y]) => [y, 0] as const)), fromZero).option,
      gridIndex,
    })), // prettier-ignore
    series: panels.flatMap(({ courses }, panel) =>
      courses.map((course) => {
        const index = distinct.findIndex(({ name }) => name === course.name);
        return courseSeries(course, styles[index]!, index, panel);
      }),
    ),
  });
}
