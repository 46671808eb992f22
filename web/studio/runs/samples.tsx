// The grids of samples that a training wrote, one after another by a slider; beside each the one of another training that is nearest in time.
import { useId, useState } from 'preact/hooks';
import type { RunSample } from '../../../src/studio/api/index.js';
import { PlayButton } from '../playButton.js';
import { Select } from '../settings/fields.js';
import { usePlayback } from '../usePlayback.js';
import { sampleUrl } from './api.js';
import { Swatch } from './chart.js';
import { runStroke } from './colours.js';
import { count } from './format.js';
import type { PlacedRun } from './lines.js';

/** Milliseconds that a grid is shown for when they are played. */
const pace = 600;

/** Of a file's name: `samples`, `reconstructions`. */
const seriesOf = ({ name }: RunSample): string => name.replace(/-?\d*\.\w+$/, '') || 'samples';

/** How far a run had come when a grid was drawn. */
function imagesAt({ records }: PlacedRun, step: number | null): number | undefined {
  return records.find((one) => one['step'] === step)?.imagesSeen;
}

const whenOf = (run: PlacedRun, { step, name }: RunSample): string => {
  if (step === null) return name;
  const images = imagesAt(run, step);
  return images === undefined ? `step ${count(step)}` : `step ${count(step)}, ${count(images)} images`;
};

/** The grid of a run that is nearest to a number of images, or to a step. */
function nearest(
  run: PlacedRun,
  series: string,
  at: { step: number | null; images: number | undefined },
): RunSample | undefined {
  const distance = ({ step }: RunSample) => {
    const images = at.images === undefined ? undefined : imagesAt(run, step);
    return images === undefined ? Math.abs((step ?? 0) - (at.step ?? 0)) : Math.abs(images - at.images!);
  };
  const all = run.samples.filter((one) => seriesOf(one) === series);
  return all.reduce<RunSample | undefined>((best, one) => (best && distance(best) <= distance(one) ? best : one), undefined); // prettier-ignore
}

function Grid({ run, sample, isNamed }: { run: PlacedRun; sample: RunSample; isNamed: boolean }) {
  return (
    <figure class="grid">
      <img src={sampleUrl(run.details.id, sample.name)} alt={`${seriesOf(sample)} of ${run.details.name}, ${whenOf(run, sample)}`} />
      <figcaption class="small">
        {isNamed && <Swatch stroke={runStroke(run.place)} />}
        {isNamed && run.details.name} <span class="soft">{whenOf(run, sample)}</span>
      </figcaption>
    </figure>
  ); // prettier-ignore
}

/** The grids of the first run, and those of the others beside them. */
export function Samples({ runs }: { runs: readonly PlacedRun[] }) {
  const id = useId();
  const [main, ...others] = runs;
  const names = [...new Set(main?.samples.map(seriesOf))];
  const [chosen, setChosen] = useState<string>();
  const series = chosen !== undefined && names.includes(chosen) ? chosen : names[0];
  const samples = main?.samples.filter((one) => seriesOf(one) === series) ?? [];
  const [asked, setAsked] = useState<number>(); // undefined: the newest
  const last = samples.length - 1;
  const index = Math.min(asked ?? last, last);
  const playback = usePlayback(last + 1, pace, setAsked);
  const sample = samples[index];
  if (!main || !sample || series === undefined)
    return (
      <p class="soft">None yet. A training draws a grid every so many images, as its setting every.sample says.</p>
    );
  const at = { step: sample.step, images: imagesAt(main, sample.step) };
  return (
    <div class="samples">
      {names.length > 1 && (
        <Select label="Kind" value={series} options={names.map((value) => ({ value, label: value }))} onChange={setChosen} />
      )}
      <div class="sample-controls">
        <PlayButton playback={playback} disabled={last < 1} />
        <label class="unseen" htmlFor={id}>
          Step of the samples
        </label>
        <input
          id={id}
          type="range"
          min={0}
          max={Math.max(last, 1)}
          disabled={last < 1}
          value={index}
          aria-valuetext={whenOf(main, sample)}
          onInput={(event) => {
            const to = Number(event.currentTarget.value);
            setAsked(to >= last ? undefined : to);
          }}
        />
        <span class="figure soft">
          {index + 1} of {samples.length}
        </span>
      </div>
      <div class="grids">
        <Grid run={main} sample={sample} isNamed={others.length > 0} />
        {others.map((other) => {
          const beside = nearest(other, series, at);
          return beside && <Grid key={other.details.id} run={other} sample={beside} isNamed />;
        })}
      </div>
    </div>
  ); // prettier-ignore
}
