// Refine: what was measured, and refinements that are started and watched. `/refine/ID` is one result.
import { useEffect, useState } from 'preact/hooks';
import type { Refinement, RefinementList } from '../../../src/studio/api/index.js';
import { useAsked } from '../asked.js';
import { Empty, Failure, Loading } from '../notices.js';
import { useAddress } from '../router.js';
import { getRuns } from '../runs/api.js';
import { useModels } from '../settings/useModels.js';
import { usePolled } from '../usePolled.js';
import { getOptions, getRefinements } from './refineApi.js';
import './refine.css';
import { ResultDetail, ResultList } from './results.js';
import { StartForm } from './startForm.js';
import { Watched } from './watch.js';

/** Milliseconds between looks while something goes on, and while nothing does: what was written last may be read a little later. */
const [pause, rest] = [1000, 5000];

const isGoing = ({ ended }: Refinement) => ended === null;
const pauseFor = (value: RefinementList | undefined) => (value?.refinements.some(isGoing) ? pause : rest);

function Starting() {
  const options = useAsked(getOptions);
  const runs = usePolled(getRuns, rest);
  const { models, error: noModels, retry } = useModels();
  const { value, error, retry: look } = usePolled(getRefinements, pauseFor);
  const refinements = value?.refinements ?? [];
  const [begun, setBegun] = useState(0);
  useEffect(() => {
    // below the form, which may be longer than the window
    if (begun > 0) document.getElementById('watched-name')?.scrollIntoView({ block: 'center' });
  }, [begun, refinements.length]);
  const failure = options.error ?? (runs.value ? undefined : runs.error) ?? noModels;
  const again = () => {
    options.retry();
    runs.retry();
    retry();
  };
  if (failure !== undefined) return <Failure error={failure} retry={again} />;
  if (!options.value || !runs.value || !models) return <Loading what="what can be refined" />;
  const onStart = () => {
    setBegun(begun + 1);
    look();
  };
  return (
    <div class="stack">
      {options.value.closed === null ? (
        <StartForm
          options={options.value}
          models={models}
          runs={runs.value.runs}
          going={refinements.filter(isGoing).length}
          onStart={onStart}
        />
      ) : (
        <section class="panel ground" aria-label="Start a refinement">
          <h2>Start a refinement</h2>
          <p class="soft">{options.value.closed}</p>
        </section>
      )}
      {error !== undefined && <Failure error={error} retry={look} />}
      {refinements.length > 0 && (
        <section class="stack" aria-labelledby="watched-name">
          <h2 id="watched-name">Started here</h2>
          <ul class="stack">
            {refinements.map((one) => (
              <Watched key={one.run} one={one} onChange={look} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

/** The page. */
export default function RefinePage() {
  const { path } = useAddress();
  const [, id] = /^\/refine\/([\w-]+)\/?$/.exec(path) ?? [];
  if (id !== undefined) return <ResultDetail id={id} />;
  if (path.replace(/\/$/, '') !== '/refine') return <Empty title="There is no such result" />;
  return (
    <>
      <h1 class="unseen">Refine</h1>
      <div class="desk">
        <Starting />
        <ResultList />
      </div>
    </>
  );
}
