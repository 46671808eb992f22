// One scale of one image, large: picture, tokens and entropy with one cursor over all three, by pointer or arrow keys.
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ScaleEvent, Scales } from '../../../src/studio/api/index.js';
import { codeColour } from '../../common/colours.js';
import type { GrowingImage } from '../generation/state.js';
import { scaleName, sidesOf } from '../settings/settings.js';
import { Cursor, type Place, useCursor } from './cursor.js';
import { counted, distinctCodes, entropyColour, mean, two } from './measures.js';
import { TokenCanvas } from '../../common/tokenCanvas.js';

interface Props {
  image: GrowingImage;
  scales: Scales;
  selected: number;
  most: number;
  stride: number;
  /** Links about the finished image. */
  actions?: ComponentChildren;
}

function readout(event: ScaleEvent, [, width]: readonly [number, number], place: Place): string {
  const at = place[0] * width + place[1];
  return `row ${place[0] + 1}, column ${place[1] + 1}: code ${event.tokens[at]}, ${two(event.entropy[at] ?? 0)} bits`;
}

/** The scale's three views. */
function Views({ event, most, stride }: { event: ScaleEvent; most: number; stride: number }) {
  const sides = sidesOf(event.scale);
  const [height, width] = sides;
  const { place, frame, map } = useCursor(sides);
  const colour = useMemo(() => entropyColour(most), [most]);
  const cursor = <Cursor sides={sides} place={place} />;
  return (
    <>
      <div
        class="views"
        role="application"
        tabIndex={0}
        aria-label={`Tokens of ${event.model} at ${scaleName(event.scale)}: arrow keys read them one by one`}
        {...frame}
      >
        <figure class="view picture">
          <div {...map}>
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
          <div {...map}>
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
          <div {...map}>
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
