// Curves of a run's metrics as SVG and PNG.
import * as echarts from 'echarts';
import sharp from 'sharp';
import { join } from 'node:path';
import { readJsonLines } from '../formats/index.js';
import type { MetricsRecord } from '../train/index.js';
import { writeFileAtomic } from '../util/files.js';

/** One curve: points of [images seen, value]. */
export interface Curve {
  name: string;
  points: [number, number][];
}

/** One chart. */
export interface Chart {
  title: string;
  xName: string;
  yName: string;
  curves: readonly Curve[];
  logarithmic?: boolean;
}

/** A metric of a run folder as a curve, smoothed by the mean of `window` records. */
export function curveOf(run: string, metric: string, name: string, window = 1): Curve {
  const records = readJsonLines<MetricsRecord>(join(run, 'metrics.jsonl')).filter((one) =>
    Number.isFinite(one[metric]),
  );
  const points = records.map((one, i): [number, number] => {
    const around = records.slice(Math.max(0, i - window + 1), i + 1);
    return [one.imagesSeen, around.reduce((sum, each) => sum + each[metric]!, 0) / around.length];
  });
  return { name, points };
}

const width = 480;
const height = 300;

function svgOf({ title, xName, yName, curves, logarithmic }: Chart): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    legend: { bottom: 0, show: curves.length > 1 },
    grid: { left: 62, right: 24, top: 40, bottom: curves.length > 1 ? 64 : 44 },
    xAxis: { type: 'value', name: xName, nameLocation: 'middle', nameGap: 24 },
    yAxis: { type: logarithmic ? 'log' : 'value', name: yName, nameLocation: 'middle', nameGap: 44, scale: true },
    series: curves.map(({ name, points }) => ({ type: 'line', name, data: points, showSymbol: false })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Charts side by side in one SVG. */
export function chartsSvg(charts: readonly Chart[], columns = 2): string {
  const rows = Math.ceil(charts.length / columns);
  const parts = charts.map((chart, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    return svgOf(chart).replace('<svg', `<svg x="${x}" y="${y}"`);
  });
  const size = `width="${Math.min(columns, charts.length) * width}" height="${rows * height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${parts.join('')}</svg>`;
}

/** Writes a picture as `<path>.svg` and `<path>.png`. */
export async function writeSvg(path: string, svg: string): Promise<void> {
  writeFileAtomic(`${path}.svg`, svg);
  writeFileAtomic(`${path}.png`, await sharp(Buffer.from(svg)).png().toBuffer());
}

/** Writes `<path>.svg` and `<path>.png`. */
export function writeCharts(path: string, charts: readonly Chart[]): Promise<void> {
  return writeSvg(path, chartsSvg(charts));
}
