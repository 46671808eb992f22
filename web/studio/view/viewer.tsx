// One scale of one image, large: picture, tokens and entropy with one cursor over all three, by pointer or arrow keys.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { ScaleEvent, Scales } from '../../../src/studio/api/index.js';
import { codeColour } from '../../shared/colours.js';
import type { GrowingImage } from '../generation/state.js';
import { scaleName, sidesOf } from '../settings/settings.js';
import { counted, distinctCodes, entropyColour, mean, two } from './measures.js';
import { TokenCanvas } from './tokenCanvas.js';

interface Props {
  image: GrowingImage;
  scales: Scales;
  selected: number;
  most: number;
  stride: number;
  /** Links about the finished image. */
  actions?: ComponentChildren;
}

/** Row and column of a token. */
type Place = readonly [row: number, column: number];

interface CursorProps {
  sides: readonly [number, number];
  place: Place | undefined;
}

function Cursor({ sides: [height, width], place }: CursorProps) {
  if (!place) return null;
  const [row, column] = place;
  const share = (part: number, all: number) => `${(100 * part) / all}%`;
  return (
    <i
      class="cursor"
      style={{ top: share(row, height), left: share(column, width), height: share(1, height), width: share(1, width) }}
    />
  );
}

/** Where a pointer stands, as a token's place. */
function placeOf(event: PointerEvent, [height, width]: readonly [number, number]): Place {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const part = (at: number, size: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)));
  return [part(event.clientY - box.top, box.height, height), part(event.clientX - box.left, box.width, width)];
}

function readout(event: ScaleEvent, [, width]: readonly [number, number], place: Place): string {
  const at = place[0] * width + place[1];
  return `row ${place[0] + 1}, column ${place[1] + 1}: code ${event.tokens[at]}, ${two(event.entropy[at] ?? 0)} bits`;
}

/** The scale's three views. */
function Views({ event, most, stride }: { event: ScaleEvent; most: number; stride: number }) {
  const sides = sidesOf(event.scale);
  const [height, width] = sides;
  const [asked, setPlace] = useState<Place>();
  const place = asked && asked[0] < height && asked[1] < width ? asked : undefined;
  const colour = useMemo(() => entropyColour(most), [most]);
  const onPointerMove = (moved: PointerEvent) => setPlace(placeOf(moved, sides));
  const onKeyDown = (pressed: KeyboardEvent) => {
    const steps: Record<string, Place> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }; // prettier-ignore
    const step = steps[pressed.key];
    if (!step) return;
    pressed.preventDefault();
    const [row, column] = place ?? [-step[0], -step[1]];
    const clamp = (at: number, count: number) => Math.min(count - 1, Math.max(0, at));
    setPlace([clamp(row + step[0], height), clamp(column + step[1], width)]);
  };
  const tracking = { onPointerMove, onPointerLeave: () => setPlace(undefined), style: { aspectRatio: `${width} / ${height}` } }; // prettier-ignore
  const cursor = <Cursor sides={sides} place={place} />;
  return (
    <>
      <div
        class="views"
        role="application"
        tabIndex={0}
        aria-label={`Tokens of ${event.model} at ${scaleName(event.scale)}: arrow keys read them one by one`}
        onKeyDown={onKeyDown}
        onBlur={() => setPlace(undefined)}
      >
        <figure class="view picture">
          <div {...tracking}>
            <img
              src={event.frame}
              alt={`What ${event.model} has drawn after scale ${scaleName(event.scale)}`}
              class={Math.max(height, width) * stride <= 256 ? 'pixels' : ''}
              draggable={false}
            />
            {cursor}
          </div>
          <figcaption>Picture</figcaption>
        </figure>
        <figure class="view">
          <div {...tracking}>
            <TokenCanvas
              values={event.tokens}
              sides={sides}
              colour={codeColour}
              label={`Token map: ${counted(event.tokens.length, 'token')}, ${counted(distinctCodes(event), 'different code')}`}
            />
            {cursor}
          </div>
          <figcaption>Tokens</figcaption>
        </figure>
        <figure class="view">
          <div {...tracking}>
            <TokenCanvas
              values={event.entropy}
              sides={sides}
              colour={colour}
              label={`Entropy map: ${two(mean(event.entropy))} bits a token on average, ${two(Math.max(...event.entropy))} at most`}
            />
            {cursor}
          </div>
          <figcaption>Entropy</figcaption>
        </figure>
      </div>
      <p class="readout figure" aria-live="polite">
        {place
          ? readout(event, sides, place)
          : `${counted(event.tokens.length, 'token')}, ${counted(distinctCodes(event), 'code')}, ${two(mean(event.entropy))} bits, guidance ${two(event.weight)}`}
      </p>
    </>
  );
}

/** An image of a model at the scale that is looked at, or the newest before it. */
export function Viewer({ image, scales, selected, most, stride, actions }: Props) {
  const event = image.scales.slice(0, selected + 1).findLast(Boolean);
  const whole = image.scales[scales.length - 1] !== undefined;
  const [height, width] = sidesOf(scales.at(-1)!);
  return (
    <article class="viewer panel" aria-label={`${image.model}, seed ${image.seed}`}>
      <header>
        <h2>{image.model}</h2>
        <span class="figure soft">seed {image.seed}</span>
        {event && <span class="figure soft at-scale">{scaleName(event.scale)}</span>}
      </header>
      {event ? (
        <Views event={event} most={most} stride={stride} />
      ) : (
        <div class="views">
          {['view picture', 'view', 'view'].map((name, i) => (
            <div key={i} class={name}>
              <div class="waiting" style={{ aspectRatio: `${width} / ${height}` }} />
            </div>
          ))}
        </div>
      )}
      {whole && actions && <footer>{actions}</footer>}
    </article>
  );
}
