// A training as the page knows it: settings and checkpoints as they were asked for last, records and samples as they come.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { RecordsEvent, Run, RunDetails, RunRecord, RunSample } from '../../../src/studio/api/index.js';
import { getRecords, getRun, getSamples } from './api.js';
import { withRecords } from './records.js';
import { usePolled } from '../usePolled.js';
import { watchRun } from './watch.js';

/** What is known of a training. */
export interface KnownRun {
  details: RunDetails;
  records: readonly RunRecord[];
  samples: readonly RunSample[];
}

/** Milliseconds between drawings of what comes in pieces, and between questions for what no event tells. */
const [frame, pause] = [150, 5000];

/** The training that is looked at. */
export interface WatchedRun {
  run: KnownRun | undefined;
  /** The connection was lost and is being sought. */
  lost: boolean;
  error: unknown;
  retry: () => void;
}

/** Collects events, and hands them on now and then; a new attempt begins anew. */
function useRecords(id: string, attempt: number) {
  const [records, setRecords] = useState<readonly RunRecord[]>();
  const [samples, setSamples] = useState<readonly RunSample[]>([]);
  const [state, setState] = useState<Run>();
  const [lost, setLost] = useState(false);
  const [gone, setGone] = useState<unknown>();
  useEffect(() => {
    const coming: RecordsEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    setRecords(undefined);
    setSamples([]);
    setState(undefined);
    setGone(undefined);
    const draw = () => {
      timer = undefined;
      const taken = coming.splice(0);
      setRecords((before) => taken.reduce(withRecords, before ?? []));
    };
    const stop = watchRun(id, {
      open: () => setLost(false),
      lost: () => setLost(true),
      gone: (error) => {
        setLost(false);
        setGone(error);
      },
      records: (event) => {
        coming.push(event);
        timer ??= setTimeout(draw, frame);
      },
      state: (event) => {
        setState(event);
        timer ??= setTimeout(draw, frame); // also of a run that has recorded nothing yet
      },
      samples: setSamples,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id, attempt]);
  return { records, samples, state, lost, gone };
}

/** Watches a training. */
export function useRun(id: string): WatchedRun {
  const [attempt, setAttempt] = useState(0);
  const { records, samples, state, lost, gone } = useRecords(id, attempt);
  const [details, setDetails] = useState<RunDetails>();
  const [error, setError] = useState<unknown>();
  const asked = useRef('');
  const ask = useCallback(() => {
    setError(undefined);
    getRun(id).then((answer) => setDetails(answer), setError);
  }, [id, attempt]);
  useEffect(ask, [ask]);
  // checkpoints and what is wrong change with the files
  const stamp = state ? `${state.written} ${state.bytes} ${state.state}` : '';
  useEffect(() => {
    if (stamp === '' || stamp === asked.current) return undefined;
    const timer = setTimeout(() => {
      asked.current = stamp;
      getRun(id).then(setDetails, () => undefined);
    }, asked.current === '' ? 0 : pause / 5); // prettier-ignore
    return () => clearTimeout(timer);
  }, [id, stamp]);
  const known = details?.id === id && records ? { details: { ...details, ...state }, records, samples } : undefined;
  return { run: known, lost, error: gone ?? error, retry: () => setAttempt(attempt + 1) };
}

/** A training beside it, asked for anew while it goes on. */
async function readOther(id: string, before: KnownRun | undefined): Promise<KnownRun> {
  const [details, samples] = await Promise.all([getRun(id), getSamples(id)]);
  const last = before?.records.at(-1)?.imagesSeen;
  if (before && last !== undefined && details.imagesSeen >= last) {
    const records = details.imagesSeen > last ? await getRecords(id, last) : [];
    return { details, samples, records: [...before.records, ...records] };
  }
  return { details, samples, records: await getRecords(id) };
}

/** Trainings to compare with, by their ids; those that cannot be read are left out, and told of. */
export function useOthers(ids: readonly string[]): { runs: KnownRun[]; errors: unknown[] } {
  const known = useRef(new Map<string, KnownRun>());
  const key = ids.join();
  const ask = useCallback(async () => {
    const errors: unknown[] = [];
    const runs: KnownRun[] = [];
    for (const id of key === '' ? [] : key.split(','))
      try {
        const run = await readOther(id, known.current.get(id));
        known.current.set(id, run);
        runs.push(run);
      } catch (error) {
        errors.push(error);
      }
    return { runs, errors };
  }, [key]);
  const { value } = usePolled(ask, pause, ({ runs }) => runs.some(({ details }) => details.state === 'running' || details.state === 'unfinished')); // prettier-ignore
  // until the answer is there, what is known of each already
  return value ?? { runs: ids.flatMap((id) => known.current.get(id) ?? []), errors: [] };
}
