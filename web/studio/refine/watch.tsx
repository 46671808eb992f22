// The refinements that were started: how far each is, what it says, and how it is stopped and gone on with.
import { useState } from 'preact/hooks';
import type { Refinement } from '../../../src/studio/api/index.js';
import { Failure } from '../notices.js';
import { Link } from '../router.js';
import { startRefinement, stopRefinement } from './refineApi.js';

const words: Record<Refinement['state'], string> = {
  running: 'Running',
  stopping: 'Saving, then it stops',
  done: 'Done',
  stopped: 'Stopped',
  failed: 'Failed',
};

/** One of them. */
export function Watched({ one, onChange }: { one: Refinement; onChange: () => void }) {
  const [error, setError] = useState<unknown>();
  const { run, name, folder, from, state, progress, log } = one;
  const act = (action: Promise<unknown>) => {
    setError(undefined);
    action.then(onChange, setError);
  };
  const isGoing = state === 'running' || state === 'stopping';
  return (
    <li class="panel watched" data-run={run} data-state={state}>
      <h3>
        {name} <span class="figure soft">{folder}</span>
      </h3>
      <p role="status">
        {words[state]}
        {state === 'failed' && one.exitCode !== null && ` with exit code ${one.exitCode}`}
        {progress && ` · ${progress.imagesSeen} of ${progress.images} images`}
        {typeof progress?.loss === 'number' && ` · loss ${progress.loss.toFixed(3)}`}
      </p>
      <progress
        value={progress?.imagesSeen ?? 0}
        max={progress?.images ?? 1}
        aria-label={`Images that ${name} has seen`}
      />
      <p class="soft small">
        from {from}, preset {one.request.preset}
      </p>
      <div class="row">
        {progress && (
          <Link class="button" href={`/runs/${run}`}>
            Curves<span class="unseen"> of {name}</span>
          </Link>
        )}
        {isGoing ? (
          <button type="button" disabled={state === 'stopping'} onClick={() => act(stopRefinement(run))}>
            Stop<span class="unseen"> {name}</span>
          </button>
        ) : (
          state !== 'done' && (
            <button type="button" onClick={() => act(startRefinement(one.request))}>
              Go on<span class="unseen"> with {name}</span>
            </button>
          )
        )}
      </div>
      {error !== undefined && <Failure error={error} />}
      <details open={state === 'failed' || undefined}>
        <summary>Last lines of its log</summary>
        <pre class="log" tabIndex={0} aria-label={`Log of ${name}`}>
          {log.length ? log.join('\n') : 'Nothing yet.'}
        </pre>
      </details>
    </li>
  );
}
