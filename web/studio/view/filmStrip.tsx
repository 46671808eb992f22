// The scales of an image side by side, each with its picture, its tokens, their entropy and the guidance: a slider that is scrubbed by pointer or keys.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ScaleEvent, Scales } from '../../../src/studio/api/index.js';
import { codeColour } from '../../shared/colours.js';
import type { GrowingImage } from '../generation/state.js';
import { scaleName, sidesOf } from '../settings/settings.js';
import { entropyColour, mean, two } from './measures.js';
import { TokenCanvas } from './tokenCanvas.js';

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
  const strip = useRef<HTMLDivElement>(null);
  const colour = useMemo(() => entropyColour(most), [most]);
  const weights = images.flatMap((image) => image.scales.map((event) => Math.abs(event?.weight ?? 0)));
  const mostWeight = Math.max(0.01, ...weights);

  useEffect(() => {
    const box = strip.current;
    const column = box?.querySelector<HTMLElement>(`[data-scale="${selected}"]`);
    if (!box || !column || box.scrollWidth <= box.clientWidth) return;
    box.scrollTo({ left: column.offsetLeft - (box.clientWidth - column.offsetWidth) / 2, behavior: 'smooth' });
  }, [selected]);

  const selectAt = (event: PointerEvent) => {
    const column = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-scale]');
    if (column && strip.current?.contains(column)) onSelect(Number(column.dataset['scale']));
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || event.pointerType === 'touch') return; // a finger moves the strip, and taps
    strip.current?.setPointerCapture(event.pointerId);
    selectAt(event);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (strip.current?.hasPointerCapture(event.pointerId)) selectAt(event);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = scales.length - 1;
    const places: Record<string, number> = {
      ArrowLeft: selected - 1, ArrowDown: selected - 1, ArrowRight: selected + 1, ArrowUp: selected + 1,
      PageDown: selected - 3, PageUp: selected + 3, Home: 0, End: last,
    }; // prettier-ignore
    const to = places[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onSelect(Math.min(Math.max(to, 0), last));
  };

  const several = images.length > 1;
  return (
    <div
      class="strip"
      ref={strip}
      role="slider"
      tabIndex={0}
      aria-label="Scale that is shown"
      aria-valuemin={1}
      aria-valuemax={scales.length}
      aria-valuenow={selected + 1}
      aria-valuetext={spoken(scales, images, selected)}
      style={{ '--scales': scales.length, '--rows': rows.length * images.length + 2 }}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onClick={(event) => selectAt(event as unknown as PointerEvent)}
      onKeyDown={onKeyDown}
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
