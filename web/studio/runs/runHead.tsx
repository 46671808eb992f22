// The head of a training's page: what it is, how it stands, how long it will take, what is wrong, and what it is compared with.
import { useId } from 'preact/hooks';
import type { Run } from '../../../src/studio/api/index.js';
import { Link } from '../router.js';
import { getRuns } from './api.js';
import { Swatch } from './chart.js';
import { mostRuns, runStroke } from './colours.js';
import { ago, bytes, duration, figure } from './format.js';
import type { PlacedRun } from './lines.js';
import { Seen, StateMark } from './runState.js';
import type { KnownRun } from './useRun.js';
import { usePolled } from '../usePolled.js';

/** How long a running training will take at its newest speed. */
function timeLeft({ details: { state, images, imagesSeen }, records }: KnownRun): string | undefined {
  const rate = records.at(-1)?.['images_per_second'];
  if (state !== 'running' || typeof rate !== 'number' || rate <= 0 || imagesSeen >= images) return undefined;
  return `${duration((images - imagesSeen) / rate)} left`;
}

interface ComparedProps {
  id: string;
  others: readonly PlacedRun[];
  onChange: (ids: readonly string[]) => void;
}

const nameOf = ({ name, state }: Run) => `${name}${state === 'done' ? '' : ` (${state})`}`;

/** The runs that are compared with, and a choice of more. */
export function Compared({ id, others, onChange }: ComparedProps) {
  const field = useId();
  const { value } = usePolled(getRuns, 10_000);
  const ids = others.map(({ details }) => details.id);
  const more = value?.runs.filter((one) => one.id !== id && !ids.includes(one.id)) ?? [];
  return (
    <div class="compared">
      <span class="label">Compared with</span>
      <ul class="chips">
        {others.map(({ details, place }) => (
          <li key={details.id} class="chip">
            <Swatch stroke={runStroke(place)} />
            <Link href={`/runs/${details.id}`}>{details.name}</Link>
            <button
              type="button"
              class="plain"
              aria-label={`Do not compare with ${details.name}`}
              onClick={() => onChange(ids.filter((one) => one !== details.id))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <label class="unseen" htmlFor={field}>
        Compare with another run
      </label>
      <select
        id={field}
        value=""
        disabled={!more.length || ids.length + 1 >= mostRuns}
        onChange={(event) => {
          const wanted = event.currentTarget.value;
          event.currentTarget.value = '';
          if (wanted !== '') onChange([...ids, wanted]);
        }}
      >
        <option value="">{value && !more.length && !ids.length ? 'There is no other run' : 'Add a run …'}</option>
        {more.map((one) => (
          <option key={one.id} value={one.id}>
            {nameOf(one)}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What is wrong with a run, a sentence each. */
function Wrong({ problems }: { problems: readonly string[] }) {
  if (!problems.length) return null;
  return (
    <ul class="wrong small run-problems">
      {problems.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}

interface Props {
  run: PlacedRun;
  others: readonly PlacedRun[];
  lost: boolean;
  onCompare: (ids: readonly string[]) => void;
}

/** The head. */
export function RunHead({ run, others, lost, onCompare }: Props) {
  const { id, name, kind, family, data, state, loss, written, bytes: size, host, problems } = run.details;
  const left = timeLeft(run);
  const facts = [kind, family, data, `written ${ago(written)}`, bytes(size), host].filter((one) => one !== null);
  return (
    <header class="panel run-head">
      <p class="small">
        <Link href="/runs">All runs</Link>
      </p>
      <div class="run-title">
        {others.length > 0 && <Swatch stroke={runStroke(0)} />}
        <h1>{name}</h1>
        <StateMark state={state} />
        {lost && <span class="wrong small">connection lost, trying again</span>}
      </div>
      <p class="soft small">{facts.join(' · ')}</p>
      <div class="run-progress">
        <Seen run={run.details} />
        {loss !== null && (
          <span class="figure">
            <span class="soft">loss</span> {figure(loss)}
          </span>
        )}
        {left !== undefined && <span class="soft small">{left}</span>}
      </div>
      <Wrong problems={problems} />
      <Compared id={id} others={others} onChange={onCompare} />
    </header>
  );
}
