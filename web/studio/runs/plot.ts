// A chart on a canvas: uPlot with this page's colours, one cursor over all charts, and a stretch of the axis to look at.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { settled } from './colours.js';
import { short, tick } from './format.js';
import type { ChartLines, Line } from './lines.js';

/** A stretch of the axis of images. */
export type Stretch = readonly [from: number, to: number];

/** How a chart is drawn. */
export interface PlotSettings {
  isLog: boolean;
  /** What is drawn faintly behind its running mean. */
  isSmooth: boolean;
}

/** What a chart tells of. */
export interface PlotEvents {
  /** The stretch that is to be seen. */
  stretch: () => Stretch;
  onCursor: (at: number | undefined) => void;
  onStretch: (stretch: Stretch | undefined) => void;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's type says "3" by an enum that has no value when it runs
const logarithmic: uPlot.Scale = { distr: 3 };
const height = 210;
const font = '11px system-ui, sans-serif';

const positive = (values: readonly number[]) => values.map((value) => (value > 0 ? value : null));

/** Whether a logarithmic axis has anything to show. */
export const canBeLog = (lines: readonly Line[]): boolean =>
  lines.some(({ points }) => points.y.some((one) => one > 0));

/** The lines' numbers side by side. */
export function dataOf(lines: readonly Line[], { isLog, isSmooth }: PlotSettings): uPlot.AlignedData {
  const drawn = (values: readonly number[]) => (isLog ? positive(values) : [...values]);
  const tables = lines.flatMap(({ points, smooth }) => {
    const raw = [points.x, drawn(points.y)];
    return isSmooth ? [raw, [points.x, drawn(smooth)]] : [raw];
  });
  return tables.length ? uPlot.join(tables as uPlot.AlignedData[]) : [[], []];
}

function seriesOf(root: HTMLElement, lines: readonly Line[], { isSmooth }: PlotSettings): uPlot.Series[] {
  return lines.flatMap(({ stroke, points: { x } }): uPlot.Series[] => {
    const colour = settled(root, stroke.colour);
    const dots = { show: x.length === 1, size: 6 };
    const whole = { stroke: colour, width: 1.75, dash: [...stroke.dash], points: dots, spanGaps: false };
    return isSmooth ? [{ ...whole, width: 1, alpha: 0.3, dash: [], points: { show: false } }, whole] : [whole];
  });
}

function axesOf(root: HTMLElement, unit: ChartLines['unit']): uPlot.Axis[] {
  const [ink, line] = [settled(root, 'var(--soft)'), settled(root, 'var(--line)')];
  const usual = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, gap: 4 };
  return [
    { ...usual, grid: { show: false }, space: 56, size: 24, values: (_, values) => values.map(short) },
    { ...usual, size: 54, space: 34, values: (_, values) => values.map((one) => (one === null ? '' : tick(one, unit))) }, // prettier-ignore
  ];
}

/** Draws a chart into an element. */
export function makePlot(
  root: HTMLElement,
  { lines, unit }: ChartLines,
  settings: PlotSettings,
  events: PlotEvents,
): uPlot {
  const { onCursor, onStretch, stretch } = events;
  const isBehind = (series: number) => settings.isSmooth && series % 2 === 1; // what is drawn faintly
  const options: uPlot.Options = {
    width: Math.max(120, root.clientWidth),
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    series: [{}, ...seriesOf(root, lines, settings)],
    axes: axesOf(root, unit),
    scales: {
      x: { time: false, range: () => [...stretch()] },
      y: settings.isLog ? logarithmic : {},
    },
    focus: { alpha: 0.25 },
    cursor: {
      y: false,
      points: { size: (_, series) => (isBehind(series) ? 0 : 7) },
      focus: { prox: 16, dist: (_plot, series, _index, valueAt, cursorAt) => (isBehind(series) ? Infinity : valueAt - cursorAt) },
      drag: { setScale: false, x: true, y: false },
      bind: { dblclick: () => () => { onStretch(undefined); return null; } },
      sync: { key: 'runs', scales: ['x', null], setSeries: false, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
    },
    hooks: {
      setCursor: [({ cursor: { left = -1, idx }, data }) => onCursor(left < 0 || idx == null ? undefined : data[0][idx])],
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 4) return;
        onStretch([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
    },
  }; // prettier-ignore
  return new uPlot(options, dataOf(lines, settings), root);
}

/** Puts the cursor of a chart, and with it those of all others, on the next of its places in a direction; the ends for ±Infinity. */
export function stepCursor(plot: uPlot, at: number | undefined, steps: number): void {
  const x = plot.data[0];
  const { min = 0, max = 0 } = plot.scales['x'] ?? {};
  const seen = x.filter((one) => one >= (min ?? 0) && one <= (max ?? 0));
  if (!seen.length) return;
  const now = at === undefined ? (steps > 0 ? -1 : seen.length) : seen.findLastIndex((one) => one <= at);
  const place = seen[Math.min(seen.length - 1, Math.max(0, now + steps))]!;
  plot.setCursor({ left: plot.valToPos(place, 'x'), top: height / 2 });
}
