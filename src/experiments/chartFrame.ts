// What all charts of experiments share: their width, their title, and how they become SVG.
import * as echarts from 'echarts';

/** What stands at a chart's edges. */
export interface Titles {
  title: string;
  xName: string;
}

/** Width of a chart in pixels. */
export const width = 820;

/** A chart's title as ECharts has it. */
export const titleOf = (text: string) => ({ text, left: 'center', textStyle: { fontSize: 14 } });

/** A chart as SVG. */
export function render(height: number, option: echarts.EChartsCoreOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, backgroundColor: '#fff', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
