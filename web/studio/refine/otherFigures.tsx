// Figures of every scale as a heat map with a slider and as lines, figures of continuations, and sweeps.
import { useState } from 'preact/hooks';
import type { GroupChart, Metric, ScaleChart, SweepPoint } from '../../../src/studio/api/index.js';
import { amountColour, css } from '../../common/colours.js';
import { Select } from '../settings/fields.js';
import { DotChart } from './dotChart.js';
import { LineChart } from './lineChart.js';
import { fileAddress } from './refineApi.js';
import { type Cell, SortableTable } from './sortableTable.js';

/** Rows generators, columns scales; the colour says how much. */
function HeatMap({ chart, at }: { chart: ScaleChart; at: number }) {
  const all = chart.series.flatMap(({ values }) => values.flatMap((one) => one?.mean ?? []));
  const [low, high] = [Math.min(0, ...all), Math.max(...all)];
  const colours = (mean: number) => {
    const share = high === low ? 0.5 : (mean - low) / (high - low);
    return { background: css(amountColour(share)), color: share > 0.55 ? '#000' : '#fff' };
  };
  return (
    <div class="wide" role="region" tabIndex={0} aria-label={`${chart.title}, by scale`}>
      <table class="heat">
        <caption class="unseen">
          {chart.title} ({chart.unit})
        </caption>
        <thead>
          <tr>
            <th scope="col">scale</th>
            {chart.scales.map((scale, i) => (
              <th key={scale} scope="col" data-at={i === at || undefined}>
                {scale}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {chart.series.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((one, i) => (
                <td
                  key={i}
                  class="figure"
                  data-at={i === at || undefined}
                  style={typeof one?.mean === 'number' ? colours(one.mean) : {}}
                >
                  {' '}
                  {/* prettier-ignore */}
                  {typeof one?.mean === 'number' ? one.mean.toFixed(chart.digits) : '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What differs between scales, or grows over them. */
export function ScalesFigure({
  id,
  charts,
  files,
}: {
  id: string;
  charts: readonly ScaleChart[];
  files: readonly string[];
}) {
  const [key, setKey] = useState(charts[0]?.key);
  const [asked, setAt] = useState(0);
  const chart = charts.find((one) => one.key === key) ?? charts[0];
  if (!chart) return <p>There are no figures in it.</p>;
  const at = Math.min(asked, chart.scales.length - 1);
  const { picture } = chart;
  return (
    <section class="panel ground" aria-label="Figures by scale">
      <div class="metric">
        <Select
          label="Figure"
          value={chart.key}
          options={charts.map((one) => ({ value: one.key, label: one.title }))}
          onChange={setKey}
        />{' '}
        {/* prettier-ignore */}
      </div>
      <label class="scale-choice">
        <span class="label">Scale {chart.scales[at]}</span>
        <input
          type="range"
          min={0}
          max={chart.scales.length - 1}
          value={at}
          aria-valuetext={`scale ${chart.scales[at]}`}
          onInput={(event) => setAt(Number(event.currentTarget.value))}
        />{' '}
        {/* prettier-ignore */}
      </label>
      <HeatMap chart={chart} at={at} />
      <LineChart
        title={chart.title}
        xName="scale"
        yName={chart.unit}
        places={chart.scales}
        digits={chart.digits}
        curves={chart.series.map(({ name, values }) => ({ name, values: values.map((one) => one?.mean ?? null), spreads: values.map((one) => one?.seeds ?? null) }))} // prettier-ignore
      />
      {picture !== null && files.includes(picture) && (
        <a class="picture-link" href={fileAddress(id, picture)} target="_blank" rel="noreferrer">
          <img
            src={fileAddress(id, picture)}
            loading="lazy"
            alt={`${chart.title}: pictures of each scale, a row a generator`}
          />
        </a>
      )}
    </section>
  );
}

/** Figures of several generators, with their seeds. */
export function GroupsFigure({ charts }: { charts: readonly GroupChart[] }) {
  return (
    <section class="panel ground" aria-label="Figures">
      {charts.map((chart) => (
        <DotChart
          key={chart.key}
          title={chart.name}
          rows={chart.rows}
          digits={chart.digits}
          reference={chart.reference}
        />
      ))}
    </section>
  );
}

const filterOf = ({ topK, topP, temperature }: SweepPoint) => [topK && `top-k ${topK}`, topP && `top-p ${topP}`, temperature !== 1 && `temperature ${temperature}`].filter(Boolean).join(', '); // prettier-ignore
const curveOf = (point: SweepPoint) => [point.model, filterOf(point)].filter(Boolean).join(', ');

/** A guidance sweep: a curve a model and filter. */
export function SweepFigure({ metrics, points }: { metrics: readonly Metric[]; points: readonly SweepPoint[] }) {
  const [key, setKey] = useState(metrics[0]?.key);
  const metric = metrics.find((one) => one.key === key) ?? metrics[0];
  if (!metric) return <p>Nothing is measured yet.</p>;
  const seed = points[0]?.seed;
  const own = points.filter((one) => one.seed === seed);
  const places = [...new Set(own.map(({ cfg }) => cfg))].sort((a, b) => a - b);
  const curves = [...new Set(own.map(curveOf))].map((name) => ({ name, values: places.map((cfg) => own.find((one) => one.cfg === cfg && curveOf(one) === name)?.figures[metric.key] ?? null) })); // prettier-ignore
  const rows = points.map((point): Cell[] => [
    [point.model, point.model],
    [String(point.cfg), point.cfg],
    [filterOf(point) || 'all codes', filterOf(point)],
    [String(point.seed), point.seed],
    ...metrics.map(({ key: each, digits }): Cell => [point.figures[each]?.toFixed(digits) ?? '–', point.figures[each] ?? null]), // prettier-ignore
  ]);
  return (
    <section class="panel ground" aria-label="Sweep">
      <div class="metric">
        <Select
          label="Figure"
          value={metric.key}
          options={metrics.map((one) => ({ value: one.key, label: one.name }))}
          onChange={setKey}
        />{' '}
        {/* prettier-ignore */}
        <span class="soft small">{metric.better} is better</span>
      </div>
      <LineChart
        title={`${metric.name} against guidance`}
        xName="guidance"
        yName={metric.name}
        places={places}
        curves={curves}
        digits={metric.digits}
      />{' '}
      {/* prettier-ignore */}
      <SortableTable caption="All points" header={['model', 'guidance', 'filter', 'seed', ...metrics.map(({ name }) => name)]} rows={rows} />{' '}
      {/* prettier-ignore */}
    </section>
  );
}
