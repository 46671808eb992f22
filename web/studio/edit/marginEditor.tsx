// How far an image is continued on each side, and how the canvas looks then.
import { useId } from 'preact/hooks';
import type { EditRequest } from '../../../src/studio/api/index.js';
import { Field } from '../settings/fields.js';
import type { Source } from './source.js';

export type Margins = Required<NonNullable<EditRequest['margins']>>;

const sides = ['left', 'right', 'up', 'down'] as const;

interface Props {
  source: Source;
  margins: Margins;
  /** Height and width of the canvas, in pixels. */
  size: readonly [height: number, width: number];
  /** Pixels a token, along each side. */
  stride: number;
  onChange: (margins: Margins) => void;
}

/** One side's slider. */
function Side({
  name,
  value,
  most,
  onChange,
}: {
  name: string;
  value: number;
  most: number;
  onChange: (value: number) => void;
}) {
  const id = useId();
  return (
    <Field label={name} for={id} end={<span class="figure">{value} px</span>}>
      <input
        id={id}
        type="range"
        min="0"
        max={most}
        value={value}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </Field>
  );
}

/** The canvas with the image on it, and four sliders. */
export function MarginEditor({ source, margins, size: [height, width], stride, onChange }: Props) {
  const { left, right, up, down } = margins;
  const share = (part: number, all: number) => `${(100 * part) / all}%`;
  const labels = { left: 'Left', right: 'Right', up: 'Above', down: 'Below' };
  /** At least one token of the image is left. */
  const most = (side: (typeof sides)[number]) => {
    const opposite = { left: right, right: left, up: down, down: up }[side];
    return Math.max(0, (side === 'left' || side === 'right' ? width : height) - opposite - stride);
  };
  return (
    <div class="margin-editor">
      <div
        class="board waiting"
        role="img"
        aria-label={`A canvas of ${width} × ${height} pixels with the image on it: ${left} pixels of room on the left, ${right} on the right, ${up} above, ${down} below`}
        style={{ aspectRatio: `${width} / ${height}` }}
      >
        <img
          src={source.url}
          alt=""
          class="placed pixels"
          style={{
            left: share(left, width),
            top: share(up, height),
            width: share(width - left - right, width),
            height: share(height - up - down, height),
          }}
        />
      </div>
      <div class="sides">
        {sides.map((side) => (
          <Side
            key={side}
            name={labels[side]}
            value={margins[side]}
            most={most(side)}
            onChange={(value) => onChange({ ...margins, [side]: value })}
          />
        ))}
      </div>
    </div>
  );
}
