// Curves over one axis, with one cursor for all of them: by pointer or arrow keys. What the cursor stands on is told in words beneath.
import { useState } from 'preact/hooks';

/** A curve: a value for each place of the axis, null where it has none, and half the length of a bar about it. */
export interface Curve {
  name: string;
  values: readonly (number | null)[];
  spreads?: readonly (number | null)[];
  /** Number of its colour, where charts beside each other have different curves; its place among them otherwise. */
  hue?: number;
}

interface Props {
  title: string;
  xName: string;
  yName: string;
  /** Places of the axis, from left to right; as far apart as their numbers, or evenly where they are words. */
  places: readonly (number | string)[];
  curves: readonly Curve[];
  digits: number;
  /** What stands behind ± and is drawn as a bar, for curves with `spreads`. */
  bars?: string;
  /** The place of the cursor, where others share it. */
  at?: number;
  onAt?: (at: number) => void;
}

const text = (value: number | null | undefined, digits: number) => (typeof value === 'number' ? value.toFixed(digits) : 'none'); // prettier-ignore

/** Ends of the vertical axis, with a little room. */
function endsOf(curves: readonly Curve[]): [number, number] {
  const all = curves.flatMap(({ values, spreads }) => values.flatMap((value, i) => value === null ? [] : [value - (spreads?.[i] ?? 0), value + (spreads?.[i] ?? 0)])); // prettier-ignore
  if (!all.length) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

/** Amounts that differ by more than this factor are drawn by their logarithms, so that the small ones can be told apart. */
const wideFactor = 5;

/** Whether some amounts are better drawn by their logarithms. */
export function isWide(values: readonly number[]): boolean {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.length > 0 && low > 0 && high / low > wideFactor;
}

/** Where each place lies, in per cent of the width. */
function widths(places: readonly (number | string)[]): number[] {
  const numbers = places.map((place, i) => (typeof place === 'number' ? place : i));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return numbers.map((one) => (high === low ? 50 : 2 + (96 * (one - low)) / (high - low)));
}

/** The chart. */
export function LineChart({ title, xName, yName, places, curves, digits, bars, at: shared, onAt }: Props) {
  const [own, setOwn] = useState(places.length - 1);
  const at = Math.min(shared ?? own, places.length - 1);
  const setAt = onAt ?? setOwn;
  const isLogarithmic = isWide(curves.flatMap(({ values }) => values.filter((one) => one !== null)));
  const [least, high] = endsOf(curves);
  const smallest = Math.min(...curves.flatMap(({ values }) => values.filter((one) => one !== null)));
  const low = isLogarithmic ? smallest / 1.1 : least;
  const drawn = (value: number) => (isLogarithmic ? Math.log(Math.max(value, low)) : value);
  const xs = widths(places);
  const y = (value: number) => 100 - (100 * (drawn(value) - drawn(low))) / (drawn(high) - drawn(low));
  const told = curves.map(({ name, values }) => `${name} ${text(values[at], digits)}`).join(', ');
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -places.length, End: places.length }[event.key]; // prettier-ignore
    if (step === undefined) return;
    event.preventDefault();
    setAt(Math.min(places.length - 1, Math.max(0, at + step)));
  };
  const onPointerMove = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (100 * (event.clientX - box.left)) / box.width;
    const near = xs.map((x) => Math.abs(x - share));
    setAt(near.indexOf(Math.min(...near)));
  };
  const points = ({ values }: Curve) => values.flatMap((value, i) => (value === null ? [] : [`${xs[i]},${y(value)}`])).join(' '); // prettier-ignore
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>{' '}
        <span class="soft small">
          {yName}
          {isLogarithmic && ', logarithmic'}
          {bars !== undefined && `; behind ± the ${bars}`}
        </span>
      </figcaption>
      <div class="chart-body">
        <div class="chart-ends figure soft" aria-hidden="true">
          <span>{high.toFixed(digits)}</span>
          <span>{low.toFixed(digits)}</span>
        </div>
        <div
          class="chart-plot"
          role="slider"
          tabIndex={0}
          aria-label={`${title}: ${xName}`}
          aria-valuemin={0}
          aria-valuemax={places.length - 1}
          aria-valuenow={at}
          aria-valuetext={`${xName} ${places[at]}: ${told}`}
          onKeyDown={onKeyDown}
          onPointerMove={onPointerMove}
        >
          <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
            <line class="chart-cursor" x1={xs[at]} x2={xs[at]} y1="0" y2="100" />
            {curves.map((curve, i) => (
              <g key={curve.name} class={`hue-${(curve.hue ?? i) % 8}`}>
                <polyline points={points(curve)} />
                {curve.values.map((value, j) => {
                  const half = curve.spreads?.[j];
                  if (value === null || !half) return null;
                  const x = xs[j]! + 0.5 * (i - (curves.length - 1) / 2); // beside each other, not over each other
                  return <line key={j} x1={x} x2={x} y1={y(value - half)} y2={y(value + half)} />;
                })}
              </g>
            ))}
          </svg>
        </div>
      </div>
      <p class="figure soft chart-axis" aria-hidden="true">
        <span>{places[0]}</span>
        <span>{xName}</span>
        <span>{places.at(-1)}</span>
      </p>
      <ul class="legend" aria-label={`${title} at ${xName} ${places[at]}`}>
        <li class="figure">
          {xName} {places[at]}
        </li>
        {curves.map(({ name, values, spreads, hue }, i) => (
          <li key={name}>
            <i class={`hue-${(hue ?? i) % 8}`} /> {name}{' '}
            <span class="figure">
              {text(values[at], digits)}
              {spreads?.[at] ? ` ± ${spreads[at].toFixed(digits)}` : ''}
            </span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
