// An experiment that refines: arms beside their control, as a table, as intervals, and over guidance and training.
import { useState } from 'preact/hooks';
import type {
  ExperimentArm,
  ExperimentDraw,
  ExperimentGround,
  Metric,
  Summary,
} from '../../../src/studio/api/index.js';
import { Select } from '../settings/fields.js';
import { DotChart, summaryText } from './dotChart.js';
import { LineChart } from './lineChart.js';
import { type Cell, SortableTable } from './sortableTable.js';

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;

function differenceText({ mean, halfWidth }: Summary): string {
  if (mean === null) return '–';
  return halfWidth === null ? `${signed(mean)} %` : `${signed(mean)} % [${signed(mean - halfWidth)}, ${signed(mean + halfWidth)}]`; // prettier-ignore
}

const none: Summary = { count: 0, mean: null, deviation: null, halfWidth: null };
const isSame = (a: ExperimentDraw, b: ExperimentDraw) => a.cfg === b.cfg && a.temperature === b.temperature;
const atBest = ({ points, best }: ExperimentArm, key: string) => points.find((one) => best && isSame(one, best))?.figures[key] ?? none; // prettier-ignore

type Axis = keyof ExperimentDraw;
const axisNames = { cfg: 'guidance', temperature: 'temperature' };

/** What an axis was measured at, ascending. */
const placesOf = ({ draws }: ExperimentGround, axis: Axis) => [...new Set(draws.map((draw) => draw[axis]))].sort((a, b) => a - b); // prettier-ignore

/** The axes that vary; guidance where none does. */
function axesOf(ground: ExperimentGround): Axis[] {
  const varied = (['cfg', 'temperature'] as const).filter((axis) => placesOf(ground, axis).length > 1);
  return varied.length ? varied : ['cfg'];
}

function Table({ ground }: { ground: ExperimentGround }) {
  const axes = axesOf(ground);
  const header = ['arm', ...axes.map((axis) => `best ${axisNames[axis]}`), 'seeds', ...ground.metrics.map(({ name }) => name), `${ground.metrics[0]?.name} to control`]; // prettier-ignore
  const rows = ground.arms.map((arm): Cell[] => [
    [arm.diverged ? `${arm.arm} (${arm.diverged} diverged)` : arm.arm, arm.arm],
    ...axes.map((axis): Cell => (arm.best ? [String(arm.best[axis]), arm.best[axis]] : ['–', null])),
    [String(arm.measured), arm.measured],
    ...ground.metrics.map(({ key, digits }): Cell => [summaryText(atBest(arm, key), digits), atBest(arm, key).mean]),
    arm.toControl ? [differenceText(arm.toControl.atBest), arm.toControl.atBest.mean] : ['–', null],
  ]);
  return (
    <SortableTable
      caption={`${ground.name}: every arm at its own best ${axes.map((axis) => axisNames[axis]).join(' and ')}`}
      header={header}
      rows={rows}
    />
  );
}

/** Curves of the first seed's losses. */
function Losses({ ground }: { ground: ExperimentGround }) {
  const first = ground.runs.find(({ losses }) => losses.length)?.seed;
  const runs = ground.runs.filter(({ seed, losses }) => seed === first && losses.length);
  const places = [...new Set(runs.flatMap(({ losses }) => losses.map(([images]) => images)))].sort((a, b) => a - b);
  if (!places.length) return null;
  const hueOf = (name: string) => ground.arms.findIndex(({ arm }) => arm === name);
  const curves = runs.map(({ arm, losses }) => ({ name: arm, hue: hueOf(arm), values: places.map((place) => losses.find(([images]) => images === place)?.[1] ?? null) })); // prettier-ignore
  return (
    <LineChart
      title={`Loss, seed ${first}`}
      xName="images seen"
      yName="nats"
      places={places}
      curves={curves}
      digits={3}
    />
  );
}

/** A metric against guidance or temperature, each arm at its own best of the other. */
function Curves({
  ground,
  metric: { key, name, digits },
  axis,
}: {
  ground: ExperimentGround;
  metric: Metric;
  axis: Axis;
}) {
  const other = axis === 'cfg' ? 'temperature' : 'cfg';
  const places = placesOf(ground, axis);
  const curves = ground.arms.flatMap(({ arm, points, best }, hue) => {
    if (!best) return [];
    const at = places.map((place) => points.find((one) => one[axis] === place && one[other] === best[other])?.figures[key]); // prettier-ignore
    const values = at.map((one) => one?.mean ?? null);
    return [{ name: arm, hue, values, spreads: at.map((one) => one?.halfWidth ?? null) }];
  });
  const others = placesOf(ground, other).length > 1 ? `, each arm at its best ${axisNames[other]}` : '';
  return (
    <LineChart
      title={`${name} against ${axisNames[axis]}${others}`}
      xName={axisNames[axis]}
      yName={name}
      places={places}
      curves={curves}
      digits={digits}
      bars="half width of the 95 % interval"
    />
  );
}

function Ground({ ground }: { ground: ExperimentGround }) {
  const [key, setKey] = useState(ground.metrics[0]?.key ?? '');
  const metric = ground.metrics.find((one) => one.key === key);
  if (!metric) return <p>Nothing is measured yet.</p>;
  const { digits, name } = metric;
  const rows = ground.arms.map((arm) => ({
    name: arm.arm,
    summary: atBest(arm, key),
    values: ground.runs.filter((run) => run.arm === arm.arm).map(({ measurements }) => measurements.find((one) => arm.best && isSame(one, arm.best))?.figures[key] ?? null), // prettier-ignore
  }));
  return (
    <section class="panel ground" aria-label={ground.name}>
      <h2>{ground.name}</h2>
      <p class="soft small">Against {ground.reference}. Half widths of 95 % intervals behind ±.</p>
      <Table ground={ground} />
      <div class="metric">
        <Select
          label={`Figure of ${ground.name}`}
          value={key}
          options={ground.metrics.map((one) => ({ value: one.key, label: one.name }))}
          onChange={setKey}
        />
        <span class="soft small">{metric.better} is better</span>
      </div>
      <DotChart title={`${name}, each arm at its best`} rows={rows} digits={digits} reference={ground.control} />
      {axesOf(ground).map((axis) => (
        <Curves key={axis} ground={ground} metric={metric} axis={axis} />
      ))}
      <Losses ground={ground} />
    </section>
  );
}

/** Its grounds, one after the other. */
export function ArmsFigure({ grounds }: { grounds: readonly ExperimentGround[] }) {
  return (
    <>
      {grounds.map((ground) => (
        <Ground key={ground.name} ground={ground} />
      ))}
    </>
  );
}
