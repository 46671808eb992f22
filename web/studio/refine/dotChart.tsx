// A row an arm: a dot a seed, the mean with its interval, and a line where the reference's mean lies. The numbers stand beside.
import type { Summary } from '../../../src/studio/api/index.js';
import { isWide } from './lineChart.js';

/** One row. */
export interface DotRow {
  name: string;
  summary: Summary;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  rows: readonly DotRow[];
  digits: number;
  reference: string | null;
}

/** Mean ± half of its interval, in words. */
export function summaryText({ mean, halfWidth }: Summary, digits: number): string {
  if (mean === null) return '–';
  return halfWidth === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}`;
}

/** An interval; an arrowhead where it goes on beyond the edge. */
function Interval({ ends: [low, high] }: { ends: readonly [number, number] }) {
  const [from, to] = [Math.max(0, low), Math.min(100, high)];
  return (
    <>
      <line x1={`${from}%`} x2={`${to}%`} y1="50%" y2="50%" />
      {low < 0 && <svg x="0" y="9" width="7" height="10" viewBox="0 0 7 10"><path d="M7 0 0 5 7 10z" /></svg>}
      {high > 100 && <svg x="100%" y="9" width="7" height="10" viewBox="7 0 7 10" overflow="visible"><path d="M0 0 7 5 0 10z" /></svg>}
    </>
  );
} // prettier-ignore

/** The chart. It is as wide as the dots: an interval that reaches beyond them all has an arrowhead at the edge. */
export function DotChart({ title, rows, digits, reference }: Props) {
  const dots = rows.flatMap(({ values }) => values.filter((one) => one !== null));
  const [least, most] = dots.length ? [Math.min(...dots), Math.max(...dots)] : [0, 1];
  const isLogarithmic = isWide(dots);
  const drawn = (value: number) => (isLogarithmic ? Math.log(Math.max(value, least / 2)) : value);
  const room = (drawn(most) - drawn(least) || 1) * 0.1;
  const [low, high] = [drawn(least) - room, drawn(most) + room];
  const share = (value: number) => (100 * (drawn(value) - low)) / (high - low);
  const x = (value: number) => `${share(value)}%`;
  const ticks = [0, 0.5, 1].map((part) => drawn(least) + part * (drawn(most) - drawn(least))).map((one) => (isLogarithmic ? Math.exp(one) : one)); // prettier-ignore
  const line = rows.find(({ name }) => name === reference)?.summary.mean ?? null;
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>{' '}
        <span class="soft small">
          mean and its 95 % interval, a ring a seed{isLogarithmic && ', logarithmic'}
          {line !== null && `; the line is ${reference}`}
        </span>
      </figcaption>
      <ul class="dots">
        {rows.map(({ name, summary, values }) => (
          <li key={name}>
            <span>{name}</span>
            <svg aria-hidden="true">
              {line !== null && <line class="dots-line" x1={x(line)} x2={x(line)} y1="0" y2="100%" />}
              {summary.mean !== null && summary.halfWidth !== null && (
                <Interval ends={[share(summary.mean - summary.halfWidth), share(summary.mean + summary.halfWidth)]} />
              )}
              {values.map(
                (value, i) => value !== null && <circle key={i} class="seed" cx={x(value)} cy="50%" r="3.5" />,
              )}
              {summary.mean !== null && <circle cx={x(summary.mean)} cy="50%" r="5.5" />}
            </svg>
            <span class="figure">{summaryText(summary, digits)}</span>
          </li>
        ))}
        {dots.length > 0 && (
          <li aria-hidden="true">
            <span />
            <span class="dots-ticks figure soft">
              {ticks.map((tick, i) => (
                <span key={i} style={{ left: x(tick) }}>
                  {tick.toFixed(digits)}
                </span>
              ))}
            </span>
          </li>
        )}
      </ul>
    </figure>
  );
}
