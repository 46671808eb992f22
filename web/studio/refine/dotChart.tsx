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

/** The chart: intervals that would reach far beyond all dots are cut off at its edge. */
export function DotChart({ title, rows, digits, reference }: Props) {
  const dots = rows.flatMap(({ values }) => values.filter((one) => one !== null));
  const [least, most] = dots.length ? [Math.min(...dots), Math.max(...dots)] : [0, 1];
  const isLogarithmic = isWide(dots);
  const drawn = (value: number) => (isLogarithmic ? Math.log(Math.max(value, least / 2)) : value);
  const room = (drawn(most) - drawn(least) || 1) * 0.1;
  const [low, high] = [drawn(least) - room, drawn(most) + room];
  const x = (value: number) => `${Math.min(100, Math.max(0, (100 * (drawn(value) - low)) / (high - low)))}%`;
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
                <line
                  x1={x(summary.mean - summary.halfWidth)}
                  x2={x(summary.mean + summary.halfWidth)}
                  y1="50%"
                  y2="50%"
                />
              )}
              {values.map(
                (value, i) => value !== null && <circle key={i} class="seed" cx={x(value)} cy="50%" r="3.5" />,
              )}
              {summary.mean !== null && <circle cx={x(summary.mean)} cy="50%" r="5.5" />}
            </svg>
            <span class="figure">{summaryText(summary, digits)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
