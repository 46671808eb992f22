// All curves of a training, and of those it is compared with, in groups; smoothing, a logarithmic axis, a stretch to look at.
import { useId, useMemo, useState } from 'preact/hooks';
import { Tick } from '../settings/fields.js';
import { Empty } from '../notices.js';
import { Chart, type ChartSettings } from './chart.js';
import { Cursor } from './cursor.js';
import { count } from './format.js';
import { groupMetrics, type MetricGroup } from './groups.js';
import { chartsOf, type PlacedRun } from './lines.js';
import { NewestValues } from './newest.js';
import type { Stretch } from './plot.js';
import { metricNames } from './records.js';

/** What of the drawing the address holds. */
export interface CurveSettings {
  smoothing: number;
  isLog: boolean;
}

interface ControlsProps {
  settings: CurveSettings;
  onChange: (settings: CurveSettings) => void;
  stretch: Stretch | undefined;
  onWhole: () => void;
}

function Controls({ settings, onChange, stretch, onWhole }: ControlsProps) {
  const id = useId();
  const { smoothing, isLog } = settings;
  return (
    <div class="curve-controls">
      <label class="label" htmlFor={id}>
        Smoothing
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={0.99}
        step={0.01}
        value={smoothing}
        onInput={(event) => onChange({ ...settings, smoothing: Number(event.currentTarget.value) })}
      />
      <span class="figure">{smoothing.toFixed(2)}</span>
      <Tick label="Logarithmic" checked={isLog} onChange={(checked) => onChange({ ...settings, isLog: checked })} />
      {stretch && (
        <button type="button" onClick={onWhole}>
          All images <span class="figure soft">now {stretch.map((one) => count(Math.round(one))).join(' – ')}</span>
        </button>
      )}
    </div>
  );
}

interface GroupProps {
  group: MetricGroup;
  runs: readonly PlacedRun[];
  settings: ChartSettings;
}

/** The charts of a group, side by side. */
function Group({ group, runs, settings }: GroupProps) {
  const { smoothing } = settings;
  const charts = useMemo(() => chartsOf(group, runs, smoothing).filter(({ lines }) => lines.length), [group, runs, smoothing]); // prettier-ignore
  const isOne = charts.length === 1;
  const body = charts.map((chart) => <Chart key={chart.title} chart={chart} settings={settings} />);
  if (isOne) return <>{body}</>;
  return (
    <section class="chart-group" aria-label={group.title}>
      <h2>{group.title}</h2>
      <div class="charts">{body}</div>
    </section>
  );
}

interface Props {
  runs: readonly PlacedRun[];
  settings: CurveSettings;
  onChange: (settings: CurveSettings) => void;
}

/** The curves. */
export function Curves({ runs, settings, onChange }: Props) {
  const [cursor] = useState(() => new Cursor());
  const [stretch, setStretch] = useState<Stretch>();
  const names = [...new Set(runs.flatMap(({ records }) => metricNames(records)))].join();
  const groups = useMemo(() => groupMetrics(names === '' ? [] : names.split(',')), [names]);
  const last = Math.max(1, ...runs.map(({ records }) => records.at(-1)?.imagesSeen ?? 0));
  if (!groups.length)
    return (
      <Empty title="Nothing recorded yet">
        <p>The curves begin with the first record: every so many images, as the setting every.log says.</p>
      </Empty>
    );
  const shared = { ...settings, cursor, stretch: stretch ?? ([0, last] as const), onStretch: setStretch };
  return (
    <>
      <Controls settings={settings} onChange={onChange} stretch={stretch} onWhole={() => setStretch(undefined)} />
      <p class="soft small hint">
        Point at a chart, or use its arrow keys, to read all of them there; drag to look at a stretch.
      </p>
      {rowsOf(groups, runs).map((row) =>
        row.isSplit ? (
          row.groups.map((group) => <Group key={group.title} group={group} runs={runs} settings={shared} />)
        ) : (
          <div key={row.groups[0]!.title} class="charts">
            {row.groups.map((group) => (
              <Group key={group.title} group={group} runs={runs} settings={shared} />
            ))}
          </div>
        ),
      )}
      <NewestValues groups={groups} runs={runs} />
    </>
  );
}

/** Groups in a row: those of one chart stand side by side, those of several by themselves. */
function rowsOf(groups: readonly MetricGroup[], runs: readonly PlacedRun[]) {
  const rows: { isSplit: boolean; groups: MetricGroup[] }[] = [];
  for (const group of groups) {
    const isSplit = runs.length > 1 && group.metrics.length > 1; // a chart a metric, in which each run is a line
    if (rows.at(-1)?.isSplit !== isSplit) rows.push({ isSplit, groups: [] });
    rows.at(-1)!.groups.push(group);
  }
  return rows;
}
