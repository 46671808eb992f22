// What the steps show: a strip with a column a scale and rows of pictures and maps, with arrows between them; and one scale of it, large.
import type { ComponentChildren } from 'preact';
import type { Scales } from '../../../src/studio/api/index.js';
import { amountGradient, type Colour } from '../../common/colours.js';
import { scaleName, sidesOf } from '../settings/settings.js';
import { Cursor, type Place, useCursor } from '../view/cursor.js';
import { useScrub } from '../view/scrub.js';
import { TokenCanvas } from '../../common/tokenCanvas.js';

/** Something of one scale: a picture, or a number for each token. */
export interface View {
  caption: string;
  picture?: string;
  values?: readonly number[];
  colour?: (value: number) => Colour;
  /** What it shows, in words. */
  told: string;
}

/** A row of the strip. */
export interface Row {
  name: string;
  /** Of each scale; undefined where there is none. */
  cells: readonly (View | undefined)[];
  /** A figure beneath each. */
  figures?: readonly string[];
  /** What stands where there is no cell. */
  absent?: string;
  /** How this row comes of the one above: at the same scale, or at the one before. */
  from?: 'same' | 'before';
}

/** Sides of a picture up to which its pixels are shown as squares. */
const coarse = 256;

interface FrameProps {
  view: View;
  sides: readonly [number, number];
  /** Whether the words are told to a screen reader here. */
  spoken: boolean;
  stride: number;
}

function Shown({ view, sides, spoken, stride }: FrameProps) {
  const { picture, values, colour, told } = view;
  if (values && colour) return <TokenCanvas values={values} sides={sides} colour={colour} label={spoken ? told : undefined} />; // prettier-ignore
  const pixels = Math.max(...sides) * stride <= coarse ? 'pixels' : '';
  return <img src={picture} alt={spoken ? told : ''} class={pixels} draggable={false} />;
}

function Arrow({ from, first }: { from: Row['from']; first: boolean }) {
  if (!from) return null;
  if (from === 'before' && first) return <div class="passage" />;
  return (
    <div class={`passage passage-${from}`}>
      <svg viewBox="0 0 100 20" preserveAspectRatio="none" fill="none" aria-hidden="true">
        <path d={from === 'same' ? 'M50 0V16' : 'M-50 0C-50 14 50 4 50 16'} vector-effect="non-scaling-stroke" />
      </svg>
    </div>
  );
}

interface StripProps {
  scales: Scales;
  rows: readonly Row[];
  selected: number;
  stride: number;
  label: string;
  onSelect: (index: number) => void;
  /** Another one plays the movement again. */
  turn?: number;
}

/** The strip: a slider over the scales. */
export function LevelStrip({ scales, rows, selected, stride, label, onSelect, turn = 0 }: StripProps) {
  const scrub = useScrub(scales.length, selected, onSelect);
  const spoken = rows.flatMap(({ name, cells, figures }) => {
    const told = figures?.[selected] ?? cells[selected]?.told;
    return told === undefined || told === '' ? [] : [`${name}: ${told}`];
  });
  return (
    <div
      class="strip levels"
      {...scrub}
      aria-label={label}
      aria-valuetext={[`scale ${selected + 1} of ${scales.length}, ${scaleName(scales[selected]!)} tokens`, ...spoken].join('; ')} // prettier-ignore
      style={{ '--scales': scales.length, '--rows': 1 + rows.reduce((sum, { from }) => sum + (from ? 2 : 1), 0) }}
    >
      <div class="strip-names" aria-hidden="true">
        <span />
        {rows.flatMap(({ name, from }) => [
          ...(from ? [<span key={`${name}>`} />] : []),
          <span key={name}>{name}</span>,
        ])}
      </div>
      {scales.map((scale, index) => (
        <div
          key={index}
          class="strip-scale"
          data-scale={index}
          data-there=""
          data-selected={index === selected ? '' : undefined}
        >
          <span class="figure">{scaleName(scale).replaceAll(' ', '')}</span>
          {rows.flatMap(({ name, cells, figures, absent, from }) => {
            const view = cells[index];
            const moved = from === 'before' && view ? ` moved` : '';
            return [
              ...(from ? [<Arrow key={`${name}>`} from={from} first={index === 0} />] : []),
              <div key={`${name}${turn}`} class={`frame${moved}`} style={{ '--turn': index }}>
                {view ? (
                  <Shown view={view} sides={sidesOf(scale)} spoken={false} stride={stride} />
                ) : (
                  <span class="absent">{absent}</span>
                )}
                {figures?.[index] && <span class="figure">{figures[index]}</span>}
              </div>,
            ];
          })}
        </div>
      ))}
    </div>
  );
}

/** The colours of an amount. */
export function Legend({ most, unit }: { most: number; unit: string }) {
  return (
    <div class="legend figure soft" aria-hidden="true">
      0 <i style={{ background: amountGradient }} /> {most.toFixed(1)} {unit}
    </div>
  );
}

interface InspectorProps {
  scales: Scales;
  selected: number;
  views: readonly View[];
  stride: number;
  /** What is told of the token at the cursor. */
  readout: (at: number) => string;
  /** What is told without one. */
  summary: string;
  legend?: ComponentChildren;
}

/** One scale large, its views under one cursor. */
export function Inspector({ scales, selected, views, stride, readout, summary, legend }: InspectorProps) {
  const scale = scales[selected]!;
  const sides = sidesOf(scale);
  const { place, frame, map } = useCursor(sides);
  const at = ([row, column]: Place) => row * sides[1] + column;
  return (
    <div class="inspector">
      <div class="film-head">
        <h3>At {scaleName(scale)}</h3>
        {legend}
      </div>
      <div
        class="views"
        role="application"
        tabIndex={0}
        aria-label={`Tokens at ${scaleName(scale)}: arrow keys read them one by one`}
        {...frame}
      >
        {views.map((view) => (
          <figure key={view.caption} class="view">
            <div {...map}>
              <Shown view={view} sides={sides} spoken stride={stride} />
              <Cursor sides={sides} place={place} />
            </div>
            <figcaption>{view.caption}</figcaption>
          </figure>
        ))}
      </div>
      <p class="readout figure" aria-live="polite">
        {place ? `row ${place[0] + 1}, column ${place[1] + 1}: ${readout(at(place))}` : summary}
      </p>
    </div>
  );
}
