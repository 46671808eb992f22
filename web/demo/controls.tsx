// What can be asked for: class, seed, guidance, and whether tokens are drawn.
import { useState } from 'preact/hooks';
import { mostGuidance, seeds } from './request.js';
import type { SampleRequest } from './sampler.js';

interface Props {
  classes: readonly string[];
  request: SampleRequest;
  change: (part: Partial<SampleRequest>) => void;
}

/** Classes beyond this many are searched for, not shown all at once. */
const mostShown = 40;

function ClassButtons({ classes, request, change }: Props) {
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const matching = classes.map((name, label) => ({ name, label })).filter(({ name }) => name.toLowerCase().includes(wanted)); // prettier-ignore
  const shown = matching.slice(0, mostShown);
  if (!shown.some(({ label }) => label === request.label)) shown.unshift({ name: classes[request.label]!, label: request.label }); // prettier-ignore
  return (
    <fieldset class="field">
      <legend class="label">Class</legend>
      {
        classes.length > mostShown &&
        <input type="search" aria-label="Search classes" placeholder={`Search ${classes.length} classes`} value={search} onInput={(event) => setSearch(event.currentTarget.value)} /> // prettier-ignore
      }
      <div class="classes">
        {shown.map(({ name, label }) => (
          <button key={label} type="button" aria-pressed={label === request.label} onClick={() => change({ label })}>
            {name}
            {classes.indexOf(name) !== classes.lastIndexOf(name) && <span class="figure soft"> {label}</span>}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function SeedField({ request, change }: Omit<Props, 'classes'>) {
  const set = (text: string) => {
    const seed = Number(text);
    if (text !== '' && Number.isInteger(seed) && seed >= 0 && seed < seeds) change({ seed });
  };
  return (
    <div class="field">
      <label class="label" for="seed">
        Seed
      </label>
      <div class="row">
        <input
          id="seed"
          class="figure"
          type="number"
          min="0"
          max={seeds - 1}
          step="1"
          value={request.seed}
          disabled={request.greedy}
          onInput={(event) => set(event.currentTarget.value)}
        />
        <button
          type="button"
          disabled={request.greedy}
          onClick={() => change({ seed: Math.floor(Math.random() * 1e6) })}
        >
          Another
        </button>
      </div>
    </div>
  );
}

function GuidanceField({ request, change }: Omit<Props, 'classes'>) {
  return (
    <div class="field">
      <div class="row apart">
        <label class="label" for="guidance">
          Guidance
        </label>
        <output class="figure" for="guidance">
          {request.guidance.toFixed(1)}
        </output>
      </div>
      <input
        id="guidance"
        type="range"
        min="0"
        max={mostGuidance}
        step="0.1"
        value={request.guidance}
        aria-describedby="guidance-note"
        onInput={(event) => change({ guidance: Number(event.currentTarget.value) })}
      />
      <p id="guidance-note" class="soft small">
        How far it leans towards the class, from nothing at the first scale to all of it at the last.
      </p>
    </div>
  );
}

/** All of them. */
export function Controls(props: Props) {
  const { request, change } = props;
  return (
    <form class="controls panel" aria-label="What to draw" onSubmit={(event) => event.preventDefault()}>
      <ClassButtons {...props} />
      <SeedField request={request} change={change} />
      <GuidanceField request={request} change={change} />
      <div class="field">
        <label class="row">
          <input
            type="checkbox"
            checked={request.greedy}
            aria-describedby="greedy-note"
            onChange={(event) => change({ greedy: event.currentTarget.checked })}
          />
          <span class="label">Greedy</span>
        </label>
        <p id="greedy-note" class="soft small">
          Take the most probable token everywhere: one image a class, the same as the command line’s.
        </p>
      </div>
    </form>
  );
}
