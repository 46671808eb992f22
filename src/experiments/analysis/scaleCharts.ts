// Charts over scales: lines or bars of several models, panels side by side, one legend for all.
import * as echarts from 'echarts';
import { scaleName, type Scales } from '../../tokenizers/index.js';
import type { Role } from './subjects.js';

/** A value of every scale; undefined where a scale has none. */
export interface Series {
  name: string;
  color: string;
  dash?: 'solid' | 'dashed' | 'dotted';
  values: readonly (number | undefined)[];
  /** Half lengths of bars about the values. */
  spreads?: readonly (number | undefined)[];
}

/** One chart. */
export interface Panel {
  title: string;
  yName: string;
  kind: 'lines' | 'bars';
  series: readonly Series[];
}

/** Colours of the models, told apart also by those who do not see red and green (Okabe and Ito 2008); grey is for what no model made. */
export const roleColours: Readonly<Record<Role | 'truth', string>> = {
  before: '#0072b2',
  control: '#e69f00',
  after: '#d55e00',
  truth: '#666666',
};

const width = 520;
const height = 320;
const legendRow = 22;

type Api = { value: (i: number) => number; coord: (point: readonly number[]) => [number, number]; size?: (by: readonly number[]) => [number, number] }; // prettier-ignore

/** Whiskers of a series; those of bars stand in the middle of their bar. */
function whiskers({ values, spreads, color }: Series, place: number, bars: number): object[] {
  const data = values.flatMap((value, i) => {
    const half = spreads?.[i];
    return value === undefined || !half
      ? []
      : [[i, bars && value >= 0 ? Math.max(0, value - half) : value - half, value + half]];
  });
  if (!data.length) return [];
  const renderItem = (_: unknown, api: Api) => {
    const [x, low] = api.coord([api.value(0), api.value(1)]);
    const [, high] = api.coord([api.value(0), api.value(2)]);
    const at = bars ? x + ((place + 0.5) / bars - 0.5) * 0.76 * api.size!([1, 0])[0] : x;
    const line = (x1: number, y1: number, x2: number, y2: number) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: bars ? '#222' : color } }); // prettier-ignore
    return { type: 'group', children: [line(at, low, at, high), line(at - 3, low, at + 3, low), line(at - 3, high, at + 3, high)] }; // prettier-ignore
  };
  return [{ type: 'custom', data, encode: { x: 0, y: [1, 2] }, renderItem, z: 4 }];
}

function seriesOf(series: Series, kind: Panel['kind'], place: number, count: number): object[] {
  const { name, color, dash = 'solid', values } = series;
  const data = values.map((value) => value ?? null);
  const shared = { name, data, color };
  const drawn =
    kind === 'bars'
      ? { ...shared, type: 'bar', barCategoryGap: '24%', barGap: '0%' }
      : { ...shared, type: 'line', symbol: 'circle', symbolSize: 5, lineStyle: { type: dash, width: 2 } };
  return [drawn, ...whiskers(series, place, kind === 'bars' ? count : 0)];
}

function panelSvg({ title, yName, kind, series }: Panel, scales: Scales): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 13, width: width - 20, overflow: 'truncate' } },
    grid: { left: 64, right: 16, top: 36, bottom: 44 },
    xAxis: { type: 'category', data: scales.map(scaleName), name: 'scale', nameLocation: 'middle', nameGap: 26 },
    yAxis: { type: 'value', name: yName, nameLocation: 'middle', nameGap: 46, scale: kind === 'lines' },
    series: series.flatMap((one, i) => seriesOf(one, kind, i, series.length)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

const escape = (text: string) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** All series by name, each once, with a stroke as it is drawn: rows of a legend that fit a width. */
function legend(panels: readonly Panel[], total: number): { svg: string; rows: number } {
  const all = panels.flatMap(({ series, kind }) => series.map((one) => ({ ...one, kind })));
  const once = all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
  let [x, row] = [12, 0];
  const parts = once.map(({ name, color, dash = 'solid', kind }) => {
    const wide = 52 + 7 * name.length;
    if (x > 12 && x + wide > total) [x, row] = [12, row + 1];
    const y = legendRow * row + 14;
    const dashes = { solid: '', dashed: 'stroke-dasharray="7 4"', dotted: 'stroke-dasharray="2 3"' }[dash];
    const stroke = kind === 'bars' ? 10 : 2;
    const part = `<line x1="${x}" x2="${x + 28}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="${stroke}" ${dashes}/><text x="${x + 34}" y="${y + 4}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" fill="#222">${escape(name)}</text>`;
    x += wide;
    return part;
  });
  return { svg: parts.join(''), rows: row + 1 };
}

/** Panels in rows, with the legend beneath them, as one SVG. */
export function scalePanels(panels: readonly Panel[], scales: Scales, columns = 2): string {
  const across = Math.min(columns, panels.length) * width;
  const down = Math.ceil(panels.length / columns) * height;
  const parts = panels.map(
    (panel, i) =>
    panelSvg(panel, scales).replace('<svg', `<svg x="${(i % columns) * width}" y="${Math.floor(i / columns) * height}"`), // prettier-ignore
  );
  const { svg, rows } = legend(panels, across);
  const all = down + 8 + rows * legendRow;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${across}" height="${all}"><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}<g transform="translate(0 ${down})">${svg}</g></svg>`;
}
