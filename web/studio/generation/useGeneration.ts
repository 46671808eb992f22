// A generation in a component: started, followed, cancelled; and taken up again after a reload, by the id that the address's history keeps.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { GenerationInput } from '../../../src/studio/api/index.js';
import { ApiError, cancelGeneration, getGeneration, startGeneration } from '../api.js';
import { follow } from './events.js';
import { type Growing, growingFrom, isOver, withScale } from './state.js';

/** What a component sees of it. */
export interface GenerationHandle {
  growing: Growing | undefined;
  /** The request is on its way, or its answer being read. */
  sending: boolean;
  /** Not cancelled yet, but asked to be. */
  stopping: boolean;
  /** The connection was lost and is being sought. */
  lost: boolean;
  error: unknown;
  start: (wanted: GenerationInput) => Promise<void>;
  /** Takes up one that was started before; whether it is still known. */
  resume: (id: string) => Promise<boolean>;
  cancel: () => Promise<void>;
  clear: () => void;
}

/** One generation at a time; starting another lets go of it. `onStart` is told the id. */
export function useGeneration(onStart?: (id: string) => void): GenerationHandle {
  const [growing, setGrowing] = useState<Growing>();
  const [sending, setSending] = useState(false);
  const [stopping, setStopping] = useState(false);
  const [lost, setLost] = useState(false);
  const [error, setError] = useState<unknown>();
  const unfollow = useRef<(() => void) | undefined>(undefined);
  const current = useRef<string | undefined>(undefined);
  const turn = useRef(0); // a late answer to an earlier question is not taken

  const letGo = useCallback(() => {
    turn.current++;
    unfollow.current?.();
    unfollow.current = undefined;
    current.current = undefined;
    setSending(false);
    setStopping(false);
    setLost(false);
    setError(undefined);
  }, []);
  const leave = () => {
    turn.current++;
    unfollow.current?.();
  };
  useEffect(() => leave, []);

  const take = useCallback(async (id: string, mine: number) => {
    const known = growingFrom(await getGeneration(id));
    if (mine !== turn.current) return;
    current.current = id;
    setGrowing(known);
    const update = (change: (before: Growing) => Growing) =>
      setGrowing((before) => (before?.id === id ? change(before) : before));
    unfollow.current = follow(id, {
      open: () => setLost(false),
      lost: () => setLost(true),
      state: (event) => update((before) => ({ ...before, ...event })),
      scale: (event) => update((before) => withScale(before, event)),
      done: ({ seconds }) => update((before) => ({ ...before, state: 'done', seconds })),
      failed: (event) => update((before) => ({ ...before, ...event })),
      cancelled: () => update((before) => ({ ...before, state: 'cancelled' })),
    });
  }, []);

  const start = useCallback(
    async (wanted: GenerationInput) => {
      letGo();
      const mine = turn.current;
      setSending(true);
      try {
        const { id } = await startGeneration(wanted);
        if (mine !== turn.current) return;
        onStart?.(id);
        await take(id, mine);
      } catch (reason) {
        if (mine === turn.current) setError(reason);
      } finally {
        if (mine === turn.current) setSending(false);
      }
    },
    [onStart, letGo, take],
  );

  const resume = useCallback(
    async (id: string) => {
      if (current.current === id) return true;
      letGo();
      setGrowing(undefined); // the pictures of another one are not this one's
      const mine = turn.current;
      setSending(true);
      try {
        await take(id, mine);
        return true;
      } catch (reason) {
        if (reason instanceof ApiError && reason.status === 404) return false;
        if (mine === turn.current) setError(reason);
        return true;
      } finally {
        if (mine === turn.current) setSending(false);
      }
    },
    [letGo, take],
  );

  const cancel = useCallback(async () => {
    const id = current.current;
    if (id === undefined) return;
    setStopping(true);
    try {
      await cancelGeneration(id);
    } catch (reason) {
      setError(reason);
      setStopping(false);
    }
  }, []);

  const clear = useCallback(() => {
    letGo();
    setGrowing(undefined);
  }, [letGo]);

  const running = stopping && growing !== undefined && !isOver(growing);
  return { growing, sending, stopping: running, lost, error, start, resume, cancel, clear };
}
