// The picture of a sweep: the distance against guidance, precision against recall, and each filter by itself where there are several.
import * as echarts from 'echarts';
import type { Column } from '../recipes/index.js';
import { filtersOf, filterText, sameFilter } from './sweepGrid.js';
import type { Measured } from './sweepRun.js';
import { bestOf, columnsOf, frontierOf, pointsOf, type Sweep } from './sweepSummary.js';

const width = 560;
const height = 400;
/** Colours of the models, and of the filters, which stand for something else. */
const modelColours = ['#3366cc', '#dc3912', '#109618', '#990099', '#ff9900', '#0099c6', '#8b5a2b', '#5f6b7a'];
const filterColours = ['#222222', '#00897b', '#c2185b', '#7cb342', '#5e35b1', '#f4a100', '#039be5', '#a1887f'];
/** More lines than this in one panel cannot be told apart. */
const mostFilters = filterColours.length;

/** A dot of a line; the label stands beside it. */
interface Dot {
  at: readonly [x: number, y: number];
  label?: string | undefined;
}

/** A line of a panel, with its best point marked. */
interface Line {
  name: string;
  dots: readonly Dot[];
  best?: Dot | undefined;
}

interface Panel {
  title: string;
  xName: string;
  yName: string;
  lines: readonly Line[];
  colours: readonly string[];
}

/** A dot as echarts has it. */
const datum = ({ at, label }: Dot, fontWeight: 'normal' | 'bold' = 'normal') => ({
  value: [...at],
  label: { show: label !== undefined, formatter: label ?? '', position: 'top', fontSize: 11, fontWeight },
});

function seriesOf({ name, dots, best }: Line, color: string): object[] {
  const line = { type: 'line', name, data: dots.map((dot) => datum(dot)), symbol: 'circle', symbolSize: 5, color };
  const mark = best && {
    type: 'scatter',
    data: [datum(best, 'bold')],
    symbol: 'diamond',
    symbolSize: 15,
    itemStyle: { color, opacity: 1 },
    z: 5,
  };
  return [line, ...(mark ? [mark] : [])];
}

/** About how many rows of the legend the names fill. */
function legendRows(lines: readonly Line[]): number {
  const wide = ({ name }: Line) => 52 + 6.5 * name.length;
  return Math.ceil(lines.reduce((sum, line) => sum + wide(line), 0) / (width - 40));
}

function svgOf({ title, xName, yName, lines, colours }: Panel): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 14, width: width - 40, overflow: 'truncate' } },
    legend: { type: 'plain', bottom: 0, itemGap: 22, data: lines.map(({ name }) => name) },
    grid: { left: 66, right: 28, top: 44, bottom: 46 + 20 * legendRows(lines) },
    xAxis: { type: 'value', name: xName, nameLocation: 'middle', nameGap: 26, scale: true },
    yAxis: { type: 'value', name: yName, nameLocation: 'middle', nameGap: 46, scale: true, boundaryGap: ['3%', '8%'] },
    series: lines.flatMap((line, i) => seriesOf(line, colours[i % colours.length]!)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

type Place = (one: Measured) => readonly [number, number];

/** A line through points; the best is named by its guidance, and so are those that `named` picks. */
function lineOf(
  name: string,
  points: readonly Measured[],
  best: Measured | undefined,
  place: Place,
  named: (index: number) => boolean = () => false,
): Line {
  const label = ({ point }: Measured) => String(point.cfg);
  return {
    name,
    dots: points.map((one, i) => ({ at: place(one), label: one !== best && named(i) ? label(one) : undefined })),
    best: best && { at: place(best), label: label(best) },
  };
}

/** The distance of every model against guidance, the best over the filters. */
function distancePanel(sweep: Sweep, headline: Column): Panel {
  const place: Place = ({ point, figures }) => [point.cfg, figures[sweep.key]!];
  const several = filtersOf(sweep.grid).length > 1 ? ', best of the filters' : '';
  const lines = sweep.models.map((model) => lineOf(model.name, frontierOf(sweep, model), bestOf(sweep, model), place));
  return {
    title: `${headline.name} against guidance${several}`,
    xName: 'guidance',
    yName: headline.name,
    lines,
    colours: modelColours,
  };
}

/** What guidance trades: precision against recall, the same points as in the first panel. */
function tradePanel(sweep: Sweep): Panel {
  const place: Place = ({ figures }) => [figures['recall']!, figures['precision']!];
  const lines = sweep.models.map((model) => {
    const points = frontierOf(sweep, model);
    return lineOf(model.name, points, bestOf(sweep, model), place, (i) => i === 0 || i === points.length - 1);
  });
  return {
    title: 'Precision against recall, along guidance',
    xName: 'recall',
    yName: 'precision',
    lines,
    colours: modelColours,
  };
}

/** One model, a line a filter. */
function filterPanel(sweep: Sweep, index: number, headline: Column): Panel {
  const model = sweep.models[index]!;
  const place: Place = ({ point, figures }) => [point.cfg, figures[sweep.key]!];
  const own = pointsOf(sweep, model).filter(({ figures }) => Number.isFinite(figures[sweep.key]));
  const best = bestOf(sweep, model);
  const lines = filtersOf(sweep.grid).map((filter) => {
    const points = own.filter(({ point }) => sameFilter(point, filter));
    return lineOf(filterText(filter), points, best && points.includes(best) ? best : undefined, place);
  });
  return { title: model.name, xName: 'guidance', yName: headline.name, lines, colours: filterColours };
}

/** The picture, panels side by side. Best points are diamonds with their guidance beside them. */
export function sweepSvg(sweep: Sweep): string {
  const columns = columnsOf(sweep);
  const headline = columns.find(({ key }) => key === sweep.key)!;
  const panels = [distancePanel(sweep, headline)];
  if (['precision', 'recall'].every((key) => columns.some((column) => column.key === key)))
    panels.push(tradePanel(sweep));
  const filters = filtersOf(sweep.grid).length;
  if (filters > 1 && filters <= mostFilters) panels.push(...sweep.models.map((_, i) => filterPanel(sweep, i, headline))); // prettier-ignore
  const parts = panels.map((panel, i) =>
    svgOf(panel).replace('<svg', `<svg x="${(i % 2) * width}" y="${Math.floor(i / 2) * height}"`),
  );
  const size = `width="${Math.min(2, panels.length) * width}" height="${Math.ceil(panels.length / 2) * height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>`;
}
