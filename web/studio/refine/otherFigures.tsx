// Figures of every scale as a heat map, as lines and as pictures under one slider, figures of continuations, and sweeps.
import { useState } from 'preact/hooks';
import type { CellPicture, GroupChart, Metric, ScaleChart, SweepPoint } from '../../../src/studio/api/index.js';
import { amountColour, css } from '../../common/colours.js';
import { Select } from '../settings/fields.js';
import { Cells } from './cells.js';
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

/** A whole picture, to be looked at by itself. */
function WholePicture({ address, label }: { address: string; label: string }) {
  return (
    <details>
      <summary>The whole picture</summary>
      <a class="picture-link" href={address} target="_blank" rel="noreferrer">
        <img src={address} loading="lazy" alt={label} />
      </a>
    </details>
  );
}

interface ScalesProps {
  id: string;
  charts: readonly ScaleChart[];
  pictures: readonly CellPicture[];
  files: readonly string[];
}

/** What differs between scales, or grows over them. */
export function ScalesFigure({ id, charts, pictures, files }: ScalesProps) {
  const [key, setKey] = useState(charts[0]?.key);
  const [asked, setAt] = useState(Infinity);
  const chart = charts.find((one) => one.key === key) ?? charts[0];
  if (!chart) return <p>There are no figures in it.</p>;
  const at = Math.min(asked, chart.scales.length - 1);
  const scale = chart.scales[at]!;
  const file = chart.picture !== null && files.includes(chart.picture) ? chart.picture : undefined;
  const picture = pictures.find((one) => one.file === file);
  return (
    <section class="panel ground" aria-label="Figures by scale">
      <div class="metric">
        <Select
          label="Figure"
          value={chart.key}
          options={charts.map((one) => ({ value: one.key, label: one.title }))}
          onChange={setKey}
        />
      </div>
      <label class="scale-choice">
        <span class="label">Scale {scale}</span>
        <input
          type="range"
          min={0}
          max={chart.scales.length - 1}
          value={at}
          aria-valuetext={`scale ${scale}`}
          onInput={(event) => setAt(Number(event.currentTarget.value))}
        />
      </label>
      {file !== undefined && picture && <Cells address={fileAddress(id, file)} picture={picture} column={scale} />}
      <HeatMap chart={chart} at={at} />
      <LineChart
        title={chart.title}
        xName="scale"
        yName={chart.unit}
        places={chart.scales}
        digits={chart.digits}
        curves={chart.series.map(({ name, values }) => ({ name, values: values.map((one) => one?.mean ?? null), spreads: values.map((one) => one?.seeds ?? null) }))} // prettier-ignore
        bars="standard deviation over seeds of tokens"
        at={at}
        onAt={setAt}
      />
      {file !== undefined && <WholePicture address={fileAddress(id, file)} label={`${chart.title}: pictures of each scale, a row a generator`} />}
    </section>
  );
} // prettier-ignore

interface GroupsProps {
  id: string;
  charts: readonly GroupChart[];
  pictures: readonly CellPicture[];
  files: readonly string[];
}

/** Figures of several generators, with their seeds, and what they drew. */
export function GroupsFigure({ id, charts, pictures, files }: GroupsProps) {
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
      {pictures.filter(({ file }) => files.includes(file)).map((picture) => {
        const address = fileAddress(id, picture.file);
        return (
          <div key={picture.file} class="stack">
            <Cells address={address} picture={picture} />
            <WholePicture address={address} label="All images, a row each" />
          </div>
        );
      })}
    </section>
  );
} // prettier-ignore

const filterOf = ({ topK, topP, temperature }: SweepPoint) => [topK && `top-k ${topK}`, topP && `top-p ${topP}`, temperature !== 1 && `temperature ${temperature}`].filter(Boolean).join(', '); // prettier-ignore
const curveOf = (point: SweepPoint) => [point.model, filterOf(point)].filter(Boolean).join(', ');

/** The mean of what was measured; null where nothing was. */
function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((one) => one !== null);
  return known.length ? known.reduce((sum, one) => sum + one, 0) / known.length : null;
}

/** A guidance sweep: a curve a model and filter. */
export function SweepFigure({ metrics, points }: { metrics: readonly Metric[]; points: readonly SweepPoint[] }) {
  const [key, setKey] = useState(metrics[0]?.key);
  const metric = metrics.find((one) => one.key === key) ?? metrics[0];
  if (!metric) return <p>Nothing is measured yet.</p>;
  const seeds = [...new Set(points.map(({ seed }) => seed))];
  const places = [...new Set(points.map(({ cfg }) => cfg))].sort((a, b) => a - b);
  const curves = [...new Set(points.map(curveOf))].map((name) => ({
    name,
    values: places.map((cfg) => meanOf(points.filter((one) => one.cfg === cfg && curveOf(one) === name).map(({ figures }) => figures[metric.key] ?? null))), // prettier-ignore
  }));
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
        />
        <span class="soft small">{metric.better} is better</span>
      </div>
      <LineChart
        title={`${metric.name} against guidance${seeds.length > 1 ? `, mean of ${seeds.length} seeds` : ''}`}
        xName="guidance"
        yName={metric.name}
        places={places}
        curves={curves}
        digits={metric.digits}
      />
      <SortableTable
        caption="All points"
        header={['model', 'guidance', 'filter', 'seed', ...metrics.map(({ name }) => name)]}
        rows={rows}
      />
    </section>
  );
}
