// The scales of an image side by side, each with its picture, its tokens, their entropy and the guidance: a slider that is scrubbed by pointer or keys.
import { useMemo } from 'preact/hooks';
import type { ScaleEvent, Scales } from '../../../src/studio/api/index.js';
import { codeColour } from '../../common/colours.js';
import { TokenCanvas } from '../../common/tokenCanvas.js';
import type { GrowingImage } from '../generation/state.js';
import { scaleName, sidesOf } from '../settings/settings.js';
import { entropyColour, mean, two } from './measures.js';
import { useScrub } from './scrub.js';

interface Props {
  scales: Scales;
  /** The same image of each model. */
  images: readonly GrowingImage[];
  selected: number;
  /** Bits that are drawn brightest. */
  most: number;
  onSelect: (index: number) => void;
}

const rows = ['Picture', 'Tokens', 'Entropy'] as const;

interface CellProps {
  image: GrowingImage;
  index: number;
  sides: [number, number];
  colour: ReturnType<typeof entropyColour>;
}

/** Picture, tokens and entropy of one scale. */
function Cells({ image, index, sides, colour }: CellProps) {
  const event = image.scales[index];
  if (!event) return rows.map((row) => <div key={row} class="frame waiting" />);
  return (
    <>
      <div class="frame">
        <img src={event.frame} alt="" class="pixels" draggable={false} />
      </div>
      <div class="frame">
        <TokenCanvas values={event.tokens} sides={sides} colour={codeColour} />
      </div>
      <div class="frame">
        <TokenCanvas values={event.entropy} sides={sides} colour={colour} />
        <span class="figure">{two(mean(event.entropy))}</span>
      </div>
    </>
  );
}

/** The weight of guidance as a bar; models may differ in it. */
function Weight({ events, most }: { events: readonly (ScaleEvent | undefined)[]; most: number }) {
  const known = events.filter((event) => event !== undefined);
  return (
    <div class="weights">
      <div class="bars">
        {known.map((event) => (
          <i key={event.model} style={{ height: `${Math.max(4, (100 * Math.abs(event.weight)) / most)}%` }} />
        ))}
      </div>
      <span class="figure">{known[0] ? two(known[0].weight) : '–'}</span>
    </div>
  );
}

/** What a screen reader says of the scale at the slider's place. */
function spoken(scales: Scales, images: readonly GrowingImage[], selected: number): string {
  const where = `scale ${selected + 1} of ${scales.length}, ${scaleName(scales[selected]!)} tokens`;
  const told = images.map(({ model, scales: events }) => {
    const event = events[selected];
    return event
      ? `${model}: mean entropy ${two(mean(event.entropy))} bits, guidance ${two(event.weight)}`
      : `${model}: not there yet`;
  });
  return [where, ...told].join('; ');
}

/** The strip. */
export function FilmStrip({ scales, images, selected, most, onSelect }: Props) {
  const scrub = useScrub(scales.length, selected, onSelect);
  const colour = useMemo(() => entropyColour(most), [most]);
  const weights = images.flatMap((image) => image.scales.map((event) => Math.abs(event?.weight ?? 0)));
  const mostWeight = Math.max(0.01, ...weights);

  const several = images.length > 1;
  return (
    <div
      class="strip"
      {...scrub}
      aria-label="Scale that is shown"
      aria-valuetext={spoken(scales, images, selected)}
      style={{ '--scales': scales.length, '--rows': rows.length * images.length + 2 }}
    >
      <div class="strip-names" aria-hidden="true">
        <span />
        {images.flatMap(({ model }, i) =>
          rows.map((row) => (
            <span key={`${i}${row}`}>
              {several && row === 'Picture' && <b>{model}</b>}
              {row}
              {row === 'Entropy' && ' (bits)'}
            </span>
          )),
        )}
        <span>Guidance</span>
      </div>
      {scales.map((scale, index) => (
        <div
          key={index}
          class="strip-scale"
          data-scale={index}
          data-selected={index === selected ? '' : undefined}
          data-there={images.some((image) => image.scales[index]) ? '' : undefined}
        >
          <span class="figure">{scaleName(scale).replaceAll(' ', '')}</span>
          {images.map((image) => (
            <Cells key={image.model} image={image} index={index} sides={sidesOf(scale)} colour={colour} />
          ))}
          <Weight events={images.map((image) => image.scales[index])} most={mostWeight} />
        </div>
      ))}
    </div>
  );
}
