// A training: curves as they grow, samples, checkpoints, settings; beside others where the address names some.
import { useMemo } from 'preact/hooks';
import { Failure, Loading } from '../notices.js';
import { Link, navigate, useAddress } from '../router.js';
import { useTitle } from '../title.js';
import { Checkpoints } from './checkpoints.js';
import { mostRuns } from './colours.js';
import { type CurveSettings, Curves } from './curves.js';
import type { PlacedRun } from './lines.js';
import { RunHead } from './runHead.js';
import { Samples } from './samples.js';
import { SettingsTable } from './settingsTable.js';
import { useOthers, useRun } from './useRun.js';

/** What an address asks for besides the run. */
interface Asked extends CurveSettings {
  others: string[];
}

function askedOf(id: string, search: string): Asked {
  const query = new URLSearchParams(search);
  const smoothing = Number(query.get('smooth') ?? 0);
  const others = [...new Set(query.getAll('with'))].filter((one) => one !== id).slice(0, mostRuns - 1);
  return { others, smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0, isLog: query.get('log') === '1' };
}

function addressOf(id: string, { others, smoothing, isLog }: Asked): string {
  const query = new URLSearchParams(others.map((other) => ['with', other]));
  if (smoothing > 0) query.set('smooth', String(smoothing));
  if (isLog) query.set('log', '1');
  const text = query.toString();
  return `/runs/${id}${text === '' ? '' : `?${text}`}`;
}

/** The run of an id. */
export function RunView({ id }: { id: string }) {
  const { query } = useAddress();
  const asked = askedOf(id, query);
  const { run, lost, error, retry } = useRun(id);
  useTitle(run?.details.name);
  const beside = useOthers(asked.others);
  const placed = useMemo(
    () => [...(run ? [run] : []), ...beside.runs].map((one, place): PlacedRun => ({ ...one, place })),
    [run?.records, run?.samples, run?.details.written, run?.details.bytes, run?.details.state, beside.runs],
  );
  if (!run || !placed[0])
    return (
      <>
        <h1 class="unseen">Run</h1>
        {error === undefined ? <Loading what="the run" /> : <Failure error={error} retry={retry} />}
        <p>
          <Link href="/runs">All runs</Link>
        </p>
      </>
    );
  const go = (change: Partial<Asked>, replace: boolean) =>
    navigate(addressOf(id, { ...asked, ...change }), { replace });
  return (
    <div class="run">
      <RunHead run={placed[0]} others={placed.slice(1)} lost={lost} onCompare={(others) => go({ others: [...others] }, false)} />
      {error !== undefined && <Failure error={error} retry={retry} />}
      {beside.errors.map((one, i) => (
        <Failure key={i} error={one} />
      ))}
      <div class="run-desk">
        <section class="run-main" aria-label="Curves">
          <h2 class="unseen">Curves</h2>
          <Curves runs={placed} settings={asked} onChange={(change) => go(change, true)} />
        </section>
        <div class="run-side">
          <section class="panel side-part" aria-label="Samples">
            <h2>Samples</h2>
            <Samples runs={placed} />
          </section>
          <section class="panel side-part" aria-label="Checkpoints">
            <h2>Checkpoints</h2>
            <Checkpoints run={run.details} />
          </section>
        </div>
      </div>
      <section aria-label="Settings of the run">
        <h2>Settings</h2>
        <SettingsTable runs={placed} />
      </section>
    </div>
  ); // prettier-ignore
}
