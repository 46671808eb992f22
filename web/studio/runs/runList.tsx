// The trainings of the opened folder: found by text, and some of them chosen to be compared.
import { useId, useState } from 'preact/hooks';
import type { Run } from '../../../src/studio/api/index.js';
import { Empty, Failure, Loading } from '../notices.js';
import { Link, navigate } from '../router.js';
import { getRuns } from './api.js';
import { mostRuns } from './colours.js';
import { ago, bytes, figure } from './format.js';
import { Seen, StateMark } from './runState.js';
import { type Key, ordered, SortHeader, useOrder } from '../sorting.js';
import { usePolled } from '../usePolled.js';

/** Milliseconds between questions. */
const pause = 3000;

const textOf = ({ name, kind, family, data, state }: Run) => [name, kind, family, data, state].join(' ').toLowerCase();

/** Whether a run has all words of a search. */
const matches = (run: Run, search: string): boolean =>
  search.toLowerCase().split(/\s+/).every((word) => textOf(run).includes(word)); // prettier-ignore

/** The address of some runs beside each other. */
export function addressOf([first, ...others]: readonly string[]): string {
  const query = new URLSearchParams(others.map((id) => ['with', id]));
  return `/runs/${first}${others.length ? `?${query.toString()}` : ''}`;
}

interface RowProps {
  run: Run;
  isChosen: boolean;
  isFull: boolean;
  onChoose: (isChosen: boolean) => void;
}

function Row({ run, isChosen, isFull, onChoose }: RowProps) {
  const { id, name, kind, family, data, state, loss, written, bytes: size } = run;
  return (
    <tr data-chosen={isChosen ? '' : undefined}>
      <td class="choose">
        <input
          type="checkbox"
          checked={isChosen}
          disabled={isFull && !isChosen}
          aria-label={`Compare ${name}`}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <Link href={`/runs/${id}`}>{name}</Link>
      </th>
      <td data-label="Kind">
        {kind} {family !== null && <span class="soft">{family}</span>}
      </td>
      <td data-label="Data">{data ?? '–'}</td>
      <td data-label="State">
        <StateMark state={state} />
      </td>
      <td data-label="Images seen">
        <Seen run={run} />
      </td>
      <td data-label="Loss" class="figure number">
        {loss === null ? '–' : figure(loss)}
      </td>
      <td data-label="Written" title={new Date(written).toLocaleString('en')}>
        {ago(written)}
      </td>
      <td data-label="Size" class="figure number">
        {bytes(size)}
      </td>
    </tr>
  );
}

interface TableProps {
  runs: readonly Run[];
  chosen: readonly string[];
  onChoose: (chosen: readonly string[]) => void;
}

/** The columns, and what each orders by. */
const columns: readonly { name: string; keyOf: (run: Run) => Key; isNumber?: true }[] = [
  { name: 'Run', keyOf: ({ name }) => name },
  { name: 'Kind', keyOf: ({ kind, family }) => `${kind} ${family ?? ''}` },
  { name: 'Data', keyOf: ({ data }) => data },
  { name: 'State', keyOf: ({ state }) => state },
  { name: 'Images seen', keyOf: ({ imagesSeen }) => imagesSeen },
  { name: 'Loss', keyOf: ({ loss }) => loss, isNumber: true },
  { name: 'Written', keyOf: ({ written }) => Date.parse(written) },
  { name: 'Size', keyOf: ({ bytes: size }) => size, isNumber: true },
];

function RunTable({ runs, chosen, onChoose }: TableProps) {
  const { order, choose } = useOrder();
  const toggle = (id: string, isChosen: boolean) =>
    onChoose(isChosen ? [...chosen, id] : chosen.filter((one) => one !== id));
  return (
    <table class="run-table">
      <thead>
        <tr>
          <td />
          {columns.map(({ name, isNumber }, i) => (
            <SortHeader key={name} column={i} order={order} onChoose={choose} class={isNumber && 'number'}>
              {name}
            </SortHeader>
          ))}
        </tr>
      </thead>
      <tbody>
        {ordered(runs, order, (run, column) => columns[column]!.keyOf(run)).map((run) => (
          <Row
            key={run.id}
            run={run}
            isChosen={chosen.includes(run.id)}
            isFull={chosen.length >= mostRuns}
            onChoose={(isChosen) => toggle(run.id, isChosen)}
          />
        ))}
      </tbody>
    </table>
  );
}

function NoRuns() {
  return (
    <Empty title="No runs here">
      <p>
        Trainings are looked for below the folder that the studio was opened on: <code>scalewise studio runs</code>. Each{' '}
        <code>scalewise train --out runs/NAME</code> writes one, and is seen here as it goes.
      </p>
    </Empty>
  ); // prettier-ignore
}

/** What could not be read. */
function Problems({ problems }: { problems: readonly string[] }) {
  if (!problems.length) return null;
  return (
    <section class="panel problems" aria-label="What could not be read">
      <h2>Could not be read</h2>
      <ul>
        {problems.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </section>
  );
}

/** The list. */
export function RunList() {
  const id = useId();
  const { value, error, retry } = usePolled(getRuns, pause);
  const [search, setSearch] = useState('');
  const [marked, setMarked] = useState<readonly string[]>([]);
  const runs = value?.runs ?? [];
  const chosen = marked.filter((one) => runs.some((run) => run.id === one));
  const found = runs.filter((run) => matches(run, search));
  return (
    <div class="runs">
      <div class="runs-head">
        <h1>Runs</h1>
        {runs.length > 0 && (
          <>
            <label class="unseen" htmlFor={id}>
              Find runs
            </label>
            <input
              id={id}
              type="search"
              placeholder="Find by name, kind, family, data, state"
              value={search}
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
            <button
              type="button"
              class="primary"
              disabled={chosen.length < 2}
              onClick={() => navigate(addressOf(chosen))}
            >
              Compare{chosen.length > 1 ? ` ${chosen.length} runs` : ''}
            </button>
          </>
        )}
      </div>
      {error !== undefined && <Failure error={error} retry={retry} />}
      {!value && error === undefined && <Loading what="the runs" />}
      {value && !runs.length && !value.problems.length && <NoRuns />}
      {runs.length > 0 && (
        <div class="panel run-frame">
          {found.length ? (
            <RunTable runs={found} chosen={chosen} onChoose={setMarked} />
          ) : (
            <p class="soft nothing">
              None of {runs.length} runs has “{search}” in it.
            </p>
          )}
        </div>
      )}
      <p class="unseen" role="status">
        {search !== '' && value ? `${found.length} of ${runs.length} runs` : ''}
      </p>
      {value && <Problems problems={value.problems} />}
    </div>
  );
}
