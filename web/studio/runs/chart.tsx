// One chart with its title and what its lines read: at the cursor, by pointer or arrow keys, or at their ends.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { type Stroke, useThemeTurn } from './colours.js';
import { type Cursor, useCursor } from './cursor.js';
import { count, figure } from './format.js';
import { type ChartLines, type Line, readLine } from './lines.js';
import { canBeLog, dataOf, makePlot, stepCursor, type Stretch } from './plot.js';

/** What all charts of the page share. */
export interface ChartSettings {
  isLog: boolean;
  smoothing: number;
  cursor: Cursor;
  stretch: Stretch;
  onStretch: (stretch: Stretch | undefined) => void;
}

/** A piece of a line. */
export function Swatch({ stroke: { colour, dash } }: { stroke: Stroke }) {
  return (
    <svg class="swatch" viewBox="0 0 22 8" style={{ color: colour }} aria-hidden="true">
      <path d="M0 4h22" stroke="currentColor" stroke-width="2.5" stroke-dasharray={dash.join(' ')} />
    </svg>
  );
}

interface ReadoutProps {
  lines: readonly Line[];
  unit: ChartLines['unit'];
  at: number | undefined;
  isSmooth: boolean;
  onPoint: (index: number | undefined) => void;
}

/** What each line reads. */
function Readout({ lines, unit, at, isSmooth, onPoint }: ReadoutProps) {
  return (
    <ul class="readings">
      {lines.map((line, i) => {
        const { raw, value } = readLine(line, at);
        return (
          <li key={line.label} onPointerEnter={() => onPoint(i)} onPointerLeave={() => onPoint(undefined)}>
            <Swatch stroke={line.stroke} />
            <span class="reading-name">{line.label}</span>
            <span class="figure">{figure(value, unit)}</span>
            {isSmooth && <span class="figure soft">{figure(raw, unit)}</span>}
          </li>
        );
      })}
    </ul>
  );
}

/** What a screen reader says of the place that is read. */
function spoken({ lines, unit }: ChartLines, at: number | undefined): string {
  const where = at === undefined ? 'newest' : `${count(at)} images`;
  return [where, ...lines.map((line) => `${line.label} ${figure(readLine(line, at).value, unit)}`)].join(', ');
}

/** Keeps a plot in an element: made anew when its lines are others, else given the new numbers. */
function usePlot(chart: ChartLines, settings: ChartSettings, isActive: { current: boolean }) {
  const { smoothing, cursor, stretch, onStretch } = settings;
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const now = useRef({ stretch, onStretch });
  now.current = { stretch, onStretch };
  const isLog = settings.isLog && canBeLog(chart.lines);
  const isSmooth = smoothing > 0;
  const turn = useThemeTurn();
  const shape = JSON.stringify([chart.unit, isLog, isSmooth, turn, chart.lines.map(({ label, stroke, points }) => [label, stroke, points.x.length === 1])]); // prettier-ignore
  useEffect(() => {
    const element = root.current!;
    const made = makePlot(element, chart, { isLog, isSmooth }, {
      stretch: () => now.current.stretch,
      onStretch: (wanted) => now.current.onStretch(wanted),
      onCursor: (at) => {
        if (isActive.current) cursor.set(at);
      },
    }); // prettier-ignore
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: Math.max(120, element.clientWidth), height: made.height })); // prettier-ignore
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  const data = useMemo(() => dataOf(chart.lines, { isLog, isSmooth }), [chart, isLog, isSmooth]);
  useEffect(() => plot.current?.setData(data), [data, stretch[0], stretch[1]]);
  return { root, plot };
}

/** The chart. */
export function Chart({ chart, settings }: { chart: ChartLines; settings: ChartSettings }) {
  const { cursor, smoothing } = settings;
  const isActive = useRef(false);
  const at = useCursor(cursor);
  const { root, plot } = usePlot(chart, settings, isActive);
  const points = chart.lines.reduce((sum, { points: { x } }) => sum + x.length, 0);
  const [first, last] = settings.stretch;
  const activate = () => {
    isActive.current = true;
  };
  const leave = () => {
    isActive.current = false;
    cursor.set(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity }; // prettier-ignore
    const step = steps[event.key];
    if (step === undefined || !plot.current) return;
    event.preventDefault();
    activate();
    stepCursor(plot.current, cursor.at, step);
  };
  /** Brings one line forward. */
  const onPoint = (index: number | undefined) =>
    plot.current?.setSeries(index === undefined ? null : index * (smoothing > 0 ? 2 : 1) + (smoothing > 0 ? 2 : 1), { focus: index !== undefined }); // prettier-ignore
  return (
    <figure class="chart panel">
      <figcaption>
        <h3>{chart.title}</h3>
        {at !== undefined && <span class="figure soft">{count(Math.round(at))} images</span>}
      </figcaption>
      <div
        ref={root}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={`${chart.title}: images at which it is read`}
        aria-valuemin={Math.round(first)}
        aria-valuemax={Math.round(last)}
        aria-valuenow={Math.round(Math.min(Math.max(at ?? last, first), last))}
        aria-valuetext={spoken(chart, at)}
        data-points={points}
        onPointerEnter={activate}
        onPointerLeave={leave}
        onFocus={activate}
        onBlur={leave}
        onKeyDown={onKeyDown}
      />
      <Readout lines={chart.lines} unit={chart.unit} at={at} isSmooth={smoothing > 0} onPoint={onPoint} />
    </figure>
  );
}
