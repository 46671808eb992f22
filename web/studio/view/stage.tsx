// A generation on view: its images at the scale that is looked at, for each model; the film strip; the choice among several images.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { amountGradient } from '../../common/colours.js';
import type { GenerationHandle } from '../generation/useGeneration.js';
import { type Growing, type GrowingImage, isOver, newestScale } from '../generation/state.js';
import { Failure } from '../notices.js';
import { PlayButton } from '../playButton.js';
import { usePlayback } from '../usePlayback.js';
import { FilmStrip } from './filmStrip.js';
import { mostEntropy } from './measures.js';
import { Status } from './status.js';
import './view.css';
import { Viewer } from './viewer.js';

interface Props {
  handle: GenerationHandle;
  growing: Growing;
  stride: number;
  /** Links about a finished image. */
  actions: (image: GrowingImage) => ComponentChildren;
  /** Begins it again, after a failure. */
  retry: () => void;
}

/** Milliseconds that a scale is shown for when the growth is played. */
const pace = 450;

interface ThumbProps {
  growing: Growing;
  chosen: number;
  onChoose: (image: number) => void;
}

/** Several images, one to be looked at. */
function Thumbs({ growing, chosen, onChoose }: ThumbProps) {
  return (
    <div class="thumbs" role="group" aria-label="Images">
      {growing.seeds.map((seed, image) => (
        <button key={image} aria-pressed={image === chosen} onClick={() => onChoose(image)}>
          {growing.images
            .filter((one) => one.image === image)
            .map((one) => {
              const event = one.scales.findLast(Boolean);
              return event ? (
                <img key={one.model} src={event.frame} alt="" class="pixels" />
              ) : (
                <i key={one.model} class="waiting" />
              );
            })}
          <span class="figure">seed {seed}</span>
        </button>
      ))}
    </div>
  );
}

/** The colours of bits. */
function Legend({ most }: { most: number }) {
  return (
    <div class="legend figure soft" aria-hidden="true">
      0 <i style={{ background: amountGradient }} /> {most.toFixed(1)} bits
    </div>
  );
}

/** All of it. */
export function Stage({ handle, growing, stride, actions, retry }: Props) {
  const [chosen, setChosen] = useState(0);
  const [asked, setAsked] = useState<number>(); // undefined: the newest
  const section = useRef<HTMLElement>(null);
  const { scales } = growing;
  const image = Math.min(chosen, growing.seeds.length - 1);
  const newest = Math.max(0, newestScale(growing, image));
  const selected = Math.min(asked ?? newest, scales.length - 1);
  const playback = usePlayback(newest + 1, pace, setAsked);
  const most = mostEntropy(growing);
  const shown = growing.images.filter((one) => one.image === image);
  useEffect(() => {
    setAsked(undefined);
    setChosen(0);
    // on a phone the form is above it, and fills the screen
    const { top } = section.current!.getBoundingClientRect();
    if (top > window.innerHeight * 0.8) section.current!.scrollIntoView({ behavior: 'smooth' });
  }, [growing.id]);
  return (
    <section
      class="stage"
      ref={section}
      aria-label="Generation"
      data-id={growing.id}
      data-state={growing.state}
      data-models={growing.models.length}
    >
      <div class="stage-head">
        <Status growing={growing} stopping={handle.stopping} lost={handle.lost} />
        {!isOver(growing) && (
          <button type="button" onClick={() => void handle.cancel()} disabled={handle.stopping}>
            Cancel
          </button>
        )}
      </div>
      {growing.error && <Failure error={new Error(growing.error.message)} retry={retry} />}
      {growing.seeds.length > 1 && <Thumbs growing={growing} chosen={image} onChoose={setChosen} />}
      <div class="viewers">
        {shown.map((one) => (
          <Viewer
            key={one.model}
            image={one}
            scales={scales}
            selected={selected}
            most={most}
            stride={stride}
            actions={actions(one)}
          />
        ))}
      </div>
      <div class="film panel">
        <div class="film-head">
          <h2>Scale by scale</h2>
          <Legend most={most} />
          <PlayButton playback={playback} disabled={newest < 1} plain />
        </div>
        <FilmStrip
          scales={scales}
          images={shown}
          selected={selected}
          most={most}
          onSelect={(index) => setAsked(index === newest && !isOver(growing) ? undefined : index)}
        />
      </div>
    </section>
  );
}
